#pragma once

namespace fovea {

// The instruction sets that some files are compiled for. Each includes those before it.
enum class Isa {
  baseline,  // the CMake option FOVEA_ARCH: by default x86-64-v2 (SSE4.2) on x86
  avx2,      // AVX2 and FMA
  avx512     // AVX-512 F, BW, DQ and VL
};
const char* to_string(Isa isa);  // "baseline", "avx2", "avx512"

// The most capable instruction set of this CPU. The environment variable FOVEA_ISA (one of the
// names above) limits it for tests and benchmarks. Unknown names, and names of instruction sets
// that the CPU does not have, are ignored. The variable is read at the first call. Any thread.
Isa best_isa();

}  // namespace fovea
