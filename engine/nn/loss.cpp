#include "engine/nn/loss.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"

namespace fovea {
namespace {

// log(sum_j exp(z_j)), with the largest logit factored out so that exp cannot overflow.
double log_sum_exp(const Scalar* z, int k) {
  const double highest = *std::max_element(z, z + k);
  double sum = 0;
  for (int j = 0; j < k; ++j) sum += std::exp(z[j] - highest);
  return highest + std::log(sum);
}

}  // namespace

double softmax_cross_entropy(const Tensor& logits, std::span<const int> labels,
                             const LossOptions& options, Tensor& dlogits, Scalar scale) {
  const int n = logits.shape().n, k = logits.shape().c;
  const auto& weights = options.class_weights;
  if (int_size(labels) != n || (!weights.empty() && int_size(weights) != k)) {
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
      throw ShapeError("label " + std::to_string(label) + " of image " + std::to_string(i) +
                       " is outside 0.." + std::to_string(k - 1));
    }
    const Scalar* z = logits.image(i);
    Scalar* dz = dlogits.image(i);
    const double log_sum = log_sum_exp(z, k);
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

double soft_cross_entropy(const Tensor& logits, const Tensor& targets, Tensor& dlogits,
                          Scalar scale) {
  if (targets.shape() != logits.shape()) {
    throw ShapeError("the loss got logits " + to_string(logits.shape()) + " and targets " +
                     to_string(targets.shape()));
  }
  const int n = logits.shape().n, k = logits.shape().c;
  dlogits.resize(logits.shape());
  double total = 0;
  for (int i = 0; i < n; ++i) {
    const Scalar* z = logits.image(i);
    const Scalar* t = targets.image(i);
    Scalar* dz = dlogits.image(i);
    const double log_sum = log_sum_exp(z, k);
    for (int j = 0; j < k; ++j) {
      const double log_p = z[j] - log_sum;
      if (t[j] != 0) total -= t[j] * log_p;
      dz[j] = static_cast<Scalar>(scale * (std::exp(log_p) - t[j]));
    }
  }
  return total;
}

}  // namespace fovea
