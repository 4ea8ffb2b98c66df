// Matrix products for one instruction set. Compiled several times, each with its own FOVEA_ISA (the
// namespace) and -m options. Eigen is a header library of templates, and the linker keeps one copy
// of each instance: its namespace is renamed too, so that every variant keeps its own code.

#include "engine/kernels/gemm_isa.h"

#define FOVEA_JOIN_(a, b) a##b
#define FOVEA_JOIN(a, b) FOVEA_JOIN_(a, b)
#define Eigen FOVEA_JOIN(Eigen_, FOVEA_ISA)
// Products run on the calling thread; the engine's threads each compute their own.
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
  // By default Eigen chooses its block sizes by the CPU's caches. The order of summation, and so
  // the last bits of a training, would depend on the machine. These sizes are fixed.
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
