#include "engine/eval/calibrate.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/model/classifier.h"

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

void check(const std::string& what, const Tensor& logits, std::span<const int> labels) {
  const auto& shape = logits.shape();
  if (labels.empty() || static_cast<std::size_t>(shape.n) != labels.size()) {
    throw ShapeError(what + ": " + std::to_string(shape.n) + " answers for " +
                     std::to_string(labels.size()) + " labels");
  }
  for (const int label : labels) {
    if (label < 0 || label >= shape.per_image()) {
      throw ShapeError(what + ": label " + std::to_string(label) + " is not below " +
                       std::to_string(shape.per_image()));
    }
  }
}

// How often each class is expected: its probability under softmax(logits + biases), summed over
// the weighted rows.
std::vector<double> expected(const Tensor& logits, std::span<const int> labels,
                             std::span<const double> weights, const std::vector<double>& biases) {
  std::vector<double> sums(biases.size()), row(biases.size());
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const Scalar* z = logits.image(static_cast<int>(n));
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = z[c] + biases[c];
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& value : row) sum += value = std::exp(value - largest);
    const double weight = weights[static_cast<std::size_t>(labels[n])] / sum;
    for (std::size_t c = 0; c < row.size(); ++c) sums[c] += weight * row[c];
  }
  return sums;
}

// How much the rows tell of each class's bias: the sum of p (1 - p), the second derivative of the
// cross entropy.
std::vector<double> information(const Tensor& logits) {
  Tensor p;
  softmax(logits, 1, p);
  std::vector<double> sums(static_cast<std::size_t>(logits.shape().per_image()));
  for (int n = 0; n < logits.shape().n; ++n) {
    for (std::size_t c = 0; c < sums.size(); ++c) {
      const double q = p.image(n)[c];
      sums[c] += q * (1 - q);
    }
  }
  return sums;
}

}  // namespace

float fit_temperature(const Tensor& logits, std::span<const int> labels) {
  check("temperature", logits, labels);
  // The derivative rises with b, so its zero is found by halving; 40 halvings of log b are far
  // below float precision. Without a zero inside, the nearer end is the answer.
  double low = std::log(1 / kHighest), high = std::log(1 / kLowest);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (derivative(logits, labels, std::exp(middle)) > 0 ? high : low) = middle;
  }
  return static_cast<float>(std::clamp(std::exp(-(low + high) / 2), kLowest, kHighest));
}

std::vector<float> fit_biases(const Tensor& logits, std::span<const int> labels,
                              std::span<const double> weights) {
  constexpr int kMostSteps = 500;
  constexpr double kSmallStep = 1e-4;
  check("biases", logits, labels);
  const auto classes = static_cast<std::size_t>(logits.shape().per_image());
  if (weights.size() != classes) {
    throw ShapeError("biases: " + std::to_string(weights.size()) + " weights for " +
                     std::to_string(classes) + " classes");
  }
  std::vector<double> wanted(classes), biases(classes);
  for (const int label : labels) {
    wanted[static_cast<std::size_t>(label)] += weights[static_cast<std::size_t>(label)];
  }
  const std::vector<double> unmoved = expected(logits, labels, weights, biases);
  for (std::size_t c = 0; c < classes; ++c) {
    if (wanted[c] == 0) wanted[c] = std::min(weights[c], unmoved[c]);
  }
  for (double step = 1, taken = 0; step > kSmallStep && taken < kMostSteps; ++taken) {
    const std::vector<double> sums = expected(logits, labels, weights, biases);
    std::vector<double> next(classes);
    double mean = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      next[c] = biases[c] + std::log(wanted[c] / std::max(sums[c], 1e-12));
      mean += next[c] / static_cast<double>(classes);
    }
    step = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      step = std::max(step, std::abs(next[c] - mean - biases[c]));
      biases[c] = next[c] - mean;
    }
  }
  // Few rows move a border by chance: what a class's bias differs by from the others' is shrunk as
  // if it was known beforehand to be 0 with a standard deviation of 1 (Laplace's approximation).
  const std::vector<double> sure = information(logits);
  double middle = 0, all = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    middle += biases[c] * sure[c];
    all += sure[c];
  }
  middle /= std::max(all, 1e-12);
  double mean = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    biases[c] = middle + (biases[c] - middle) * sure[c] / (sure[c] + 1);
    mean += biases[c] / static_cast<double>(classes);
  }
  for (double& bias : biases) bias -= mean;
  return {biases.begin(), biases.end()};
}

}  // namespace fovea
