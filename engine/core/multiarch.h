#pragma once

// FOVEA_MULTIARCH before a function definition compiles the function twice: for the baseline
// instruction set and for x86-64-v3 (AVX2, FMA). The dynamic linker picks one when the program
// starts. For plain loops over numbers; the matrix kernels have variants of their own
// (engine/kernels/direct_conv.h). The attribute does not reach functions that are called from
// the loop unless they are inlined, nor lambdas.
//
// Defined to nothing where it has no use or no support: other processors, a baseline that has
// AVX2 already, Clang (its builds here are for the sanitizers and WebAssembly).
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__AVX2__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOVEA_MULTIARCH __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOVEA_MULTIARCH
#endif
