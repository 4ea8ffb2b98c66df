#include "engine/retrain/feature_replay.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

using Matrix = std::vector<double>;  // {dim, dim}

// The mean of the classes' covariances, each weighing as much as its images.
Matrix mean_covariance(const FeatureBundle& bundle) {
  Matrix mean(static_cast<std::size_t>(bundle.dim) * static_cast<std::size_t>(bundle.dim));
  double degrees = 0;
  for (std::size_t c = 0; c < bundle.counts.size(); ++c) {
    const double weight = static_cast<double>(std::max<std::int64_t>(bundle.counts[c] - 1, 0));
    const Scalar* covariance = bundle.covariances.image(static_cast<int>(c));
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += weight * covariance[k];
    degrees += weight;
  }
  for (double& x : mean) x /= std::max(degrees, 1.0);
  return mean;
}

// In place: the lower triangle L with L L' = the matrix (Cholesky). A pivot that rounding or a
// constant feature made 0 or less becomes a small share of the mean variance.
void factorise(Matrix& a, std::size_t dim) {
  double trace = 0;
  for (std::size_t i = 0; i < dim; ++i) trace += a[i * dim + i];
  const double least = 1e-6 * trace / static_cast<double>(dim) + 1e-12;
  for (std::size_t j = 0; j < dim; ++j) {
    double pivot = a[j * dim + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= a[j * dim + k] * a[j * dim + k];
    const double root = std::sqrt(std::max(pivot, least));
    a[j * dim + j] = root;
    for (std::size_t i = j + 1; i < dim; ++i) {
      double sum = a[i * dim + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * dim + k] * a[j * dim + k];
      a[i * dim + j] = sum / root;
    }
  }
}

}  // namespace

Tensor sample_features(const FeatureBundle& bundle, int per_class, const Rng& rng,
                       std::vector<int>& labels) {
  const auto dim = static_cast<std::size_t>(bundle.dim);
  labels.clear();
  for (std::size_t c = 0; c < bundle.counts.size(); ++c) {
    if (bundle.counts[c] > 0) {
      labels.insert(labels.end(), static_cast<std::size_t>(per_class), static_cast<int>(c));
    }
  }
  Tensor drawn({static_cast<int>(labels.size()), 1, 1, bundle.dim});
  const Matrix mean = mean_covariance(bundle);
  Matrix factor(dim * dim);
  std::vector<double> noise(dim);
  int row = 0;
  for (std::size_t c = 0; c < bundle.counts.size(); ++c) {
    if (bundle.counts[c] == 0) continue;
    const auto n = static_cast<double>(bundle.counts[c]), d = static_cast<double>(dim);
    const Scalar* covariance = bundle.covariances.image(static_cast<int>(c));
    for (std::size_t k = 0; k < factor.size(); ++k) {
      factor[k] = (n * covariance[k] + d * mean[k]) / (n + d);
    }
    factorise(factor, dim);
    const Scalar* centre = bundle.means.image(static_cast<int>(c));
    Rng numbers = rng.split(c);
    for (int i = 0; i < per_class; ++i, ++row) {
      for (double& x : noise) x = numbers.normal();
      Scalar* out = drawn.image(row);
      for (std::size_t a = 0; a < dim; ++a) {
        double sum = centre[a];
        for (std::size_t b = 0; b <= a; ++b) sum += factor[a * dim + b] * noise[b];
        out[a] = static_cast<Scalar>(sum);
      }
    }
  }
  return drawn;
}

}  // namespace fovea
