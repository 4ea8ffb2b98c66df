#include "engine/kernels/gemm.h"

// Threads are ours (one product per lane), never Eigen's.
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

namespace fovea::kernels {
namespace {

using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using In = Eigen::Map<const Matrix>;
using Out = Eigen::Map<Matrix>;

template <typename A, typename B>
void product(const A& a, const B& b, Out c, Write write) {
  // Eigen asks the CPU for its cache sizes and blocks accordingly, which would make the order of
  // summation, and so the last bits of a training, depend on the machine. These are fixed.
  static const bool fixed_blocking =
      (Eigen::setCpuCacheSizes(32 * 1024, 1024 * 1024, 16 * 1024 * 1024), true);
  (void)fixed_blocking;
  if (write == Write::overwrite) {
    c.noalias() = a * b;
  } else {
    c.noalias() += a * b;
  }
}

}  // namespace

void gemm(int m, int n, int k, const Scalar* a, const Scalar* b, Scalar* c, Write write) {
  product(In(a, m, k), In(b, k, n), Out(c, m, n), write);
}

void gemm_at(int m, int n, int k, const Scalar* a_km, const Scalar* b, Scalar* c, Write write) {
  product(In(a_km, k, m).transpose(), In(b, k, n), Out(c, m, n), write);
}

void gemm_bt(int m, int n, int k, const Scalar* a, const Scalar* b_nk, Scalar* c, Write write) {
  product(In(a, m, k), In(b_nk, n, k).transpose(), Out(c, m, n), write);
}

}  // namespace fovea::kernels
