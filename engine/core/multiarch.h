#pragma once

// FOVEA_MULTIARCH before a function definition compiles the function twice: for the baseline
// instruction set and for x86-64-v3 (AVX2, FMA). The dynamic linker selects one when the program
// starts. Use it for simple loops over numbers. The matrix kernels are compiled per instruction set
// in another way (engine/kernels/direct_conv.h). The attribute has no effect on lambdas or on
// functions that the loop calls, unless they are inlined.
//
// The macro is empty where it is useless or unsupported: on other processors, if the baseline
// already includes AVX2, and with Clang (which builds the sanitizer and WebAssembly variants).
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__AVX2__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOVEA_MULTIARCH __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOVEA_MULTIARCH
#endif
