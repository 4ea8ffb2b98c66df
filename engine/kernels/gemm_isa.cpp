// Matrix products for one instruction set. CMake compiles this file once per instruction set, each
// time with another FOVEA_ISA (the namespace) and other -m options. Eigen consists of templates,
// and the linker keeps one copy of each instance. Its namespace is therefore renamed for each
// variant.

#include "engine/kernels/gemm_isa.h"

#define FOVEA_JOIN_(a, b) a##b
#define FOVEA_JOIN(a, b) FOVEA_JOIN_(a, b)
#define Eigen FOVEA_JOIN(Eigen_, FOVEA_ISA)
// Products run on the calling thread: the engine parallelises over images (micro-batches).
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

namespace fovea::kernels::FOVEA_ISA {

extern const GemmKernels kGemm;

namespace {

using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using In = Eigen::Map<const Matrix>;
using Out = Eigen::Map<Matrix>;

template <typename A, typename B>
void product(const A& a, const B& b, Out c, Write write) {
  // Eigen derives its block sizes from the cache sizes of the CPU. They decide the order of
  // summation, and so the last bits of the weights. Fixed sizes make training reproducible.
  static const bool fixed_blocking =
      (Eigen::setCpuCacheSizes(32 * 1024, 1024 * 1024, 16 * 1024 * 1024), true);
  (void)fixed_blocking;
  if (write == Write::overwrite) {
    c.noalias() = a * b;
  } else {
    c.noalias() += a * b;
  }
}

void gemm(int m, int n, int k, const Scalar* a, const Scalar* b, Scalar* c, Write write) {
  product(In(a, m, k), In(b, k, n), Out(c, m, n), write);
}

void gemm_at(int m, int n, int k, const Scalar* a_km, const Scalar* b, Scalar* c, Write write) {
  product(In(a_km, k, m).transpose(), In(b, k, n), Out(c, m, n), write);
}

void gemm_bt(int m, int n, int k, const Scalar* a, const Scalar* b_nk, Scalar* c, Write write) {
  product(In(a, m, k), In(b_nk, n, k).transpose(), Out(c, m, n), write);
}

}  // namespace

const GemmKernels kGemm = {gemm, gemm_at, gemm_bt};

}  // namespace fovea::kernels::FOVEA_ISA
