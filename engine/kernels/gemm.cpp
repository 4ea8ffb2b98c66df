#include "engine/kernels/gemm.h"

#include "engine/core/cpu.h"
#include "engine/kernels/gemm_isa.h"

namespace fovea::kernels {

namespace baseline {
extern const GemmKernels kGemm;
}
#ifdef FOVEA_X86_VARIANTS
namespace avx2 {
extern const GemmKernels kGemm;
}
#endif

namespace {

const GemmKernels& gemm_kernels() {
#ifdef FOVEA_X86_VARIANTS
  static const GemmKernels& kernels = best_isa() >= Isa::avx2 ? avx2::kGemm : baseline::kGemm;
  return kernels;
#else
  return baseline::kGemm;
#endif
}

}  // namespace

void gemm(int m, int n, int k, const Scalar* a, const Scalar* b, Scalar* c, Write write) {
  gemm_kernels().gemm(m, n, k, a, b, c, write);
}

void gemm_at(int m, int n, int k, const Scalar* a_km, const Scalar* b, Scalar* c, Write write) {
  gemm_kernels().gemm_at(m, n, k, a_km, b, c, write);
}

void gemm_bt(int m, int n, int k, const Scalar* a, const Scalar* b_nk, Scalar* c, Write write) {
  gemm_kernels().gemm_bt(m, n, k, a, b_nk, c, write);
}

}  // namespace fovea::kernels
