#include "engine/kernels/direct_conv.h"

namespace fovea::kernels {

namespace baseline {
extern const DirectKernels kKernels;
}
#ifdef FOVEA_HAVE_AVX512
namespace avx512 {
extern const DirectKernels kKernels;
}
#endif

DirectKernelList direct_kernels() {
#ifdef FOVEA_HAVE_AVX512
  // The four extensions that direct_conv_isa.cpp is compiled with (engine/CMakeLists.txt).
  static const bool has_avx512 =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx512) return {{&avx512::kKernels, &baseline::kKernels}, 2};
#endif
  return {{&baseline::kKernels, nullptr}, 1};
}

}  // namespace fovea::kernels
