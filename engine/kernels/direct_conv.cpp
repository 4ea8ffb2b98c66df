#include "engine/kernels/direct_conv.h"

#include "engine/core/cpu.h"

namespace fovea::kernels {

namespace baseline {
extern const DirectKernels kKernels;
}
#ifdef FOVEA_X86_VARIANTS
namespace avx2 {
extern const DirectKernels kKernels;
}
namespace avx512 {
extern const DirectKernels kKernels;
}
#endif

DirectKernelList direct_kernels() {
  DirectKernelList list{};
#ifdef FOVEA_X86_VARIANTS
  if (best_isa() >= Isa::avx512) list.items[list.count++] = &avx512::kKernels;
  if (best_isa() >= Isa::avx2) list.items[list.count++] = &avx2::kKernels;
#endif
  list.items[list.count++] = &baseline::kKernels;
  return list;
}

}  // namespace fovea::kernels
