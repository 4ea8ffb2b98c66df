#include "engine/nn/loss.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"

namespace fovea {
namespace {

// softmax(row / temperature) of the first k numbers.
void soften(const Scalar* row, int k, double temperature, std::vector<double>& p) {
  p.resize(static_cast<std::size_t>(k));
  const double highest = *std::max_element(row, row + k);
  double sum = 0;
  for (int j = 0; j < k; ++j) {
    sum += p[static_cast<std::size_t>(j)] = std::exp((row[j] - highest) / temperature);
  }
  for (double& x : p) x /= sum;
}

}  // namespace

double softmax_cross_entropy(const Tensor& logits, std::span<const int> labels,
                             const LossOptions& options, Tensor& dlogits, Scalar scale) {
  const int n = logits.shape().n, k = logits.shape().c;
  const auto& weights = options.class_weights;
  if (static_cast<int>(labels.size()) != n || (!weights.empty() && std::ssize(weights) != k)) {
    throw ShapeError("the loss got " + std::to_string(n) + "x" + std::to_string(k) + " logits, " +
                     std::to_string(labels.size()) + " labels and " +
                     std::to_string(weights.size()) + " class weights");
  }
  dlogits.resize(logits.shape());
  const double smooth = options.label_smoothing;
  double total = 0;
  for (int i = 0; i < n; ++i) {
    const int label = labels[i];
    if (label < 0 || label >= k) {
      throw ShapeError("label " + std::to_string(label) + " of picture " + std::to_string(i) +
                       " is outside 0.." + std::to_string(k - 1));
    }
    const Scalar* z = logits.image(i);
    Scalar* dz = dlogits.image(i);
    const double highest = *std::max_element(z, z + k);
    double sum = 0;
    for (int j = 0; j < k; ++j) sum += std::exp(z[j] - highest);
    const double log_sum = highest + std::log(sum);
    const double weight = weights.empty() ? 1.0 : weights[label];
    for (int j = 0; j < k; ++j) {
      const double log_p = z[j] - log_sum;
      const double q = smooth / k + (j == label ? 1 - smooth : 0);
      if (q != 0) total -= weight * q * log_p;
      dz[j] = static_cast<Scalar>(scale * weight * (std::exp(log_p) - q));
    }
  }
  return total;
}

void add_distillation(const Tensor& logits, const Tensor& teacher, std::span<const int> labels,
                      Scalar temperature, Scalar scale, Tensor& dlogits) {
  const int n = logits.shape().n, k = teacher.shape().c;
  if (teacher.shape().n != n || dlogits.shape() != logits.shape() || logits.shape().c < k ||
      static_cast<int>(labels.size()) != n) {
    throw ShapeError("distillation of " + to_string(teacher.shape()) + " into " +
                     to_string(logits.shape()) + " with " + std::to_string(labels.size()) +
                     " labels");
  }
  std::vector<double> p, q;
  for (int i = 0; i < n; ++i) {
    if (labels[static_cast<std::size_t>(i)] >= k) continue;
    soften(logits.image(i), k, temperature, p);
    soften(teacher.image(i), k, temperature, q);
    Scalar* gradient = dlogits.image(i);
    // d/dz of T^2 sum q log(q / p) is T (p - q).
    for (int j = 0; j < k; ++j) {
      const auto at = static_cast<std::size_t>(j);
      gradient[j] += static_cast<Scalar>(scale * temperature * (p[at] - q[at]));
    }
  }
}

}  // namespace fovea
