#pragma once

namespace fovea {

// Instruction sets that some files are compiled for besides the baseline. Each includes those
// before it.
enum class Isa {
  baseline,  // what the compiler was told with FOVEA_ARCH: x86-64-v2 (SSE4.2) on x86
  avx2,      // AVX2 and FMA
  avx512     // AVX-512 F, BW, DQ and VL
};
const char* to_string(Isa isa);  // "baseline", "avx2", "avx512"

// The best one that this CPU has. The environment variable FOVEA_ISA (one of the names above)
// limits it, to test and compare; a name that is unknown or more than the CPU has is ignored.
// Read once. Any thread.
Isa best_isa();

}  // namespace fovea
