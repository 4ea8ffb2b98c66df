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
StoredMatrix class_covariance(const FeatureBundle& bundle, int c) {
  return {bundle.covariances.image(c), bundle.dim, bundle.dim};
}

// S = sum_c (n_c - 1) S_c / sum_c (n_c - 1), the covariance pooled over the classes.
Matrix pooled_covariance(const FeatureBundle& bundle) {
  Matrix sum = Matrix::Zero(bundle.dim, bundle.dim);
  double degrees = 0;
  for (std::size_t c = 0; c < bundle.counts.size(); ++c) {
    const auto weight = static_cast<double>(std::max<std::int64_t>(bundle.counts[c] - 1, 0));
    sum += weight * class_covariance(bundle, static_cast<int>(c)).cast<double>();
    degrees += weight;
  }
  return sum / std::max(degrees, 1.0);
}

// The lower triangular L with L L' = covariance (Cholesky). A feature that never varies, or
// rounding in the file, makes the matrix singular or slightly indefinite; then the smallest tried
// multiple of the identity that makes it positive definite is added.
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

Tensor sample_features(const FeatureBundle& bundle, int per_class, const Rng& rng,
                       std::vector<int>& labels) {
  labels.clear();
  for (std::size_t c = 0; c < bundle.counts.size(); ++c) {
    if (bundle.counts[c] > 0) {
      labels.insert(labels.end(), static_cast<std::size_t>(per_class), static_cast<int>(c));
    }
  }
  Tensor samples({static_cast<int>(labels.size()), 1, 1, bundle.dim});
  const Matrix pooled = pooled_covariance(bundle);
  const auto dim = static_cast<double>(bundle.dim);
  Vector noise(bundle.dim);
  int row = 0;
  for (int c = 0; c < static_cast<int>(bundle.counts.size()); ++c) {
    const auto n = static_cast<double>(bundle.counts[static_cast<std::size_t>(c)]);
    if (n == 0) continue;
    // Shrinkage: (n S_c + dim S) / (n + dim).
    const Matrix shrunk =
        (n * class_covariance(bundle, c).cast<double>() + dim * pooled) / (n + dim);
    const Matrix factor = cholesky(shrunk);
    const Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, 1>> mean(bundle.means.image(c),
                                                                          bundle.dim);
    // x = mean + L z with z standard normal has mean `mean` and covariance L L'.
    Rng numbers = rng.split(static_cast<std::uint64_t>(c));
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
