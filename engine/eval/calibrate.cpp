#include "engine/eval/calibrate.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"

namespace fovea {
namespace {

constexpr double kLowest = 0.05, kHighest = 20;

// With b = 1 / T the loss sum(log(sum(exp(b z))) - b z[label]) is convex in b; its derivative is
// sum(E[z] - z[label]), the expectation taken over softmax(b z).
double derivative(const Tensor& logits, std::span<const int> labels, double b) {
  const auto classes = static_cast<std::ptrdiff_t>(logits.shape().per_image());
  double total = 0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const Scalar* z = logits.image(static_cast<int>(n));
    const double largest = *std::max_element(z, z + classes);
    double sum = 0, mean = 0;
    for (std::ptrdiff_t c = 0; c < classes; ++c) {
      const double weight = std::exp(b * (z[c] - largest));
      sum += weight;
      mean += weight * z[c];
    }
    total += mean / sum - z[labels[n]];
  }
  return total;
}

}  // namespace

float fit_temperature(const Tensor& logits, std::span<const int> labels) {
  const auto& shape = logits.shape();
  if (labels.empty() || static_cast<std::size_t>(shape.n) != labels.size()) {
    throw ShapeError("temperature: " + std::to_string(shape.n) + " answers for " +
                     std::to_string(labels.size()) + " labels");
  }
  for (const int label : labels) {
    if (label < 0 || label >= shape.per_image()) {
      throw ShapeError("temperature: label " + std::to_string(label) + " is not below " +
                       std::to_string(shape.per_image()));
    }
  }
  // The derivative rises with b, so its zero is found by halving; 40 halvings of log b are far
  // below float precision. Without a zero inside, the nearer end is the answer.
  double low = std::log(1 / kHighest), high = std::log(1 / kLowest);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (derivative(logits, labels, std::exp(middle)) > 0 ? high : low) = middle;
  }
  return static_cast<float>(std::clamp(std::exp(-(low + high) / 2), kLowest, kHighest));
}

}  // namespace fovea
