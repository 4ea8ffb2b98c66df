#include "engine/kernels/panel.h"

#include "engine/core/cpu.h"

namespace fovea::kernels {

namespace baseline {
extern const PanelKernels kPanelKernels;
}
#ifdef FOVEA_X86_VARIANTS
namespace avx2 {
extern const PanelKernels kPanelKernels;
}
namespace avx512 {
extern const PanelKernels kPanelKernels;
}
#endif

PanelKernelList panel_kernels() {
  PanelKernelList list{};
#ifdef FOVEA_X86_VARIANTS
  if (best_isa() >= Isa::avx512) list.items[list.count++] = &avx512::kPanelKernels;
  if (best_isa() >= Isa::avx2) list.items[list.count++] = &avx2::kPanelKernels;
#endif
  list.items[list.count++] = &baseline::kPanelKernels;
  return list;
}

}  // namespace fovea::kernels
