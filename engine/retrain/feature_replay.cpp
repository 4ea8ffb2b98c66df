#include "engine/retrain/feature_replay.h"

#include <algorithm>

// One thread, and a summation order that does not depend on the machine; see kernels/gemm.cpp.
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Cholesky>

#include "engine/core/error.h"

namespace fovea {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using StoredMatrix =
    Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

// S_c {dim, dim}, the covariance within class c.
StoredMatrix class_covariance(const FeatureStatistics& statistics, int c) {
  return {statistics.covariances.image(c), statistics.dim, statistics.dim};
}

// S = sum_c (n_c - 1) S_c / sum_c (n_c - 1), the covariance pooled over the classes.
Matrix pooled_covariance(const FeatureStatistics& statistics) {
  Matrix sum = Matrix::Zero(statistics.dim, statistics.dim);
  double degrees = 0;
  for (int c = 0; c < int_size(statistics.counts); ++c) {
    const auto weight = static_cast<double>(std::max<std::int64_t>(statistics.counts[c] - 1, 0));
    sum += weight * class_covariance(statistics, c).cast<double>();
    degrees += weight;
  }
  return sum / std::max(degrees, 1.0);
}

// The lower triangular L with L L' = covariance. The matrix is singular when a feature never
// varies, and can be slightly indefinite by rounding in the file. Then a small multiple of the
// identity is added, increased until the factorisation succeeds.
Matrix cholesky(const Matrix& covariance) {
  static const bool fixed_blocking =
      (Eigen::setCpuCacheSizes(32 * 1024, 1024 * 1024, 16 * 1024 * 1024), true);
  (void)fixed_blocking;
  const auto dim = covariance.rows();
  const double mean_variance = covariance.trace() / static_cast<double>(dim);
  double jitter = 0;
  for (int attempt = 0; attempt < 16; ++attempt) {
    const Eigen::LLT<Matrix> llt(covariance + jitter * Matrix::Identity(dim, dim));
    if (llt.info() == Eigen::Success) return llt.matrixL();
    jitter = jitter == 0 ? 1e-6 * mean_variance + 1e-12 : 10 * jitter;
  }
  throw FormatError("feature statistics: a covariance is not positive semidefinite");
}

}  // namespace

Tensor sample_features(const FeatureStatistics& statistics, int per_class, const Rng& rng,
                       std::vector<int>& labels) {
  labels.clear();
  for (int c = 0; c < int_size(statistics.counts); ++c) {
    if (statistics.counts[c] > 0) labels.insert(labels.end(), per_class, c);
  }
  Tensor samples({int_size(labels), 1, 1, statistics.dim});
  const Matrix pooled = pooled_covariance(statistics);
  const auto dim = static_cast<double>(statistics.dim);
  Vector noise(statistics.dim);
  int row = 0;
  for (int c = 0; c < int_size(statistics.counts); ++c) {
    const auto n = static_cast<double>(statistics.counts[c]);
    if (n == 0) continue;
    // Shrinkage: (n S_c + dim S) / (n + dim).
    const Matrix shrunk =
        (n * class_covariance(statistics, c).cast<double>() + dim * pooled) / (n + dim);
    const Matrix factor = cholesky(shrunk);
    const Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, 1>> mean(statistics.means.image(c),
                                                                          statistics.dim);
    // x = mean + L z with z standard normal has mean `mean` and covariance L L'.
    Rng numbers = rng.split(c);
    for (int i = 0; i < per_class; ++i, ++row) {
      for (double& z : noise) z = numbers.normal();
      const Vector x = mean.cast<double>() + factor.triangularView<Eigen::Lower>() * noise;
      std::transform(x.begin(), x.end(), samples.image(row),
                     [](double value) { return static_cast<Scalar>(value); });
    }
  }
  return samples;
}

}  // namespace fovea
