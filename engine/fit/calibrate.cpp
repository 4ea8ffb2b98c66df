#include "engine/fit/calibrate.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/fit/labels.h"
#include "engine/model/classifier.h"

namespace fovea {
namespace {

constexpr double kMinTemperature = 0.05, kMaxTemperature = 20;

// Of the prior of b = 1 / T, whose negative log density is kPrior (b - log b): as much information
// about log T as kPrior / (p (1 - p) d^2) images of two classes with a logit difference of d.
constexpr double kPrior = 4;

struct Derivatives {
  double first = 0, second = 0;
};

// Of the loss by b = 1 / T. With targets t the loss sum_n (log(sum_c exp(b z_nc)) - b t_n z_n) +
// kPrior (b - log b) is convex in b. Its derivatives are sum_n (E[z_n] - t_n z_n) +
// kPrior (1 - 1 / b) and sum_n Var[z_n] + kPrior / b^2, with the moments taken over softmax(b z_n).
Derivatives loss_derivatives(const Tensor& logits, std::span<const int> labels, double b) {
  const std::int64_t classes = logits.shape().per_image();
  const double doubt = 1 / (static_cast<double>(labels.size()) + 2);
  Derivatives total{kPrior * (1 - 1 / b), kPrior / (b * b)};
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const Scalar* z = logits.image(static_cast<int>(n));
    const double largest = *std::max_element(z, z + classes);
    double sum = 0, mean = 0, square = 0, others = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      const double below = z[c] - largest, weight = std::exp(b * below);
      sum += weight;
      mean += weight * below;
      square += weight * below * below;
      others += c == labels[n] ? 0 : below;
    }
    mean /= sum;
    const double right = z[labels[n]] - largest;
    const double wrong = classes > 1 ? others / static_cast<double>(classes - 1) : right;
    total.first += mean - (1 - doubt) * right - doubt * wrong;
    total.second += square / sum - mean * mean;
  }
  return total;
}

// The expected number of images of each class: its probability under softmax(logits + biases),
// summed over the weighted images.
std::vector<double> expected_counts(const Tensor& logits, std::span<const int> labels,
                                    std::span<const double> weights,
                                    const std::vector<double>& biases) {
  std::vector<double> sums(biases.size()), row(biases.size());
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const Scalar* z = logits.image(static_cast<int>(n));
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = z[c] + biases[c];
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& value : row) {
      value = std::exp(value - largest);
      sum += value;
    }
    const double weight = weights[labels[n]] / sum;
    for (std::size_t c = 0; c < row.size(); ++c) sums[c] += weight * row[c];
  }
  return sums;
}

// The Fisher information about the bias of each class: the second derivative of the cross entropy,
// sum of p (1 - p) over the images.
std::vector<double> bias_information(const Tensor& logits) {
  Tensor p;
  softmax(logits, 1, p);
  std::vector<double> sums(logits.shape().per_image());
  for (int n = 0; n < logits.shape().n; ++n) {
    for (std::size_t c = 0; c < sums.size(); ++c) {
      const double q = p.image(n)[c];
      sums[c] += q * (1 - q);
    }
  }
  return sums;
}

// Shrinks the biases of classes about which the images say little. With information I and a normal
// prior of standard deviation 1 around the common bias, the posterior mean (Laplace's
// approximation) moves the bias towards the common one by the factor I / (I + 1).
void shrink_biases(std::vector<double>& biases, const std::vector<double>& information) {
  // The common bias: the mean weighted by the information.
  double common = 0, all = 0;
  for (std::size_t c = 0; c < biases.size(); ++c) {
    common += biases[c] * information[c];
    all += information[c];
  }
  common /= std::max(all, 1e-12);
  double mean = 0;
  for (std::size_t c = 0; c < biases.size(); ++c) {
    biases[c] = common + (biases[c] - common) * information[c] / (information[c] + 1);
    mean += biases[c] / static_cast<double>(biases.size());
  }
  for (double& bias : biases) bias -= mean;
}

}  // namespace

Temperature fit_temperature(const Tensor& logits, std::span<const int> labels) {
  check_labels("temperature", logits, labels);
  // The derivative rises with b, so bisection finds its zero. 40 halvings of the interval of log b
  // are far more precise than a float. Without a zero inside, it ends at the nearer bound.
  double low = std::log(1 / kMaxTemperature), high = std::log(1 / kMinTemperature);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (loss_derivatives(logits, labels, std::exp(middle)).first > 0 ? high : low) = middle;
  }
  const double b = std::exp((low + high) / 2);
  // At the minimum the second derivative by log b is b^2 times the one by b.
  const double deviation = 1 / (b * std::sqrt(loss_derivatives(logits, labels, b).second));
  const double factor = std::exp(normal_quantile(0.05) * deviation);
  return {static_cast<float>(std::clamp(1 / b, kMinTemperature, kMaxTemperature)),
          {1 / b / factor, factor / b},
          std::ssize(labels)};
}

std::vector<float> fit_biases(const Tensor& logits, std::span<const int> labels,
                              std::span<const double> weights) {
  constexpr int kMaxSteps = 500;
  constexpr double kConverged = 1e-4;  // largest change of a bias in one step
  check_labels("biases", logits, labels);
  const std::size_t classes = logits.shape().per_image();
  if (weights.size() != classes) {
    throw ShapeError("biases: " + std::to_string(weights.size()) + " weights for " +
                     std::to_string(classes) + " classes");
  }
  // The target counts: the weighted number of images of each class; for a class without images its
  // expected count, but at most that of one image.
  std::vector<double> target(classes), biases(classes);
  for (const int label : labels) target[label] += weights[label];
  const std::vector<double> initial = expected_counts(logits, labels, weights, biases);
  for (std::size_t c = 0; c < classes; ++c) {
    if (target[c] == 0) target[c] = std::min(weights[c], initial[c]);
  }
  // Generalised iterative scaling: b_c += log(target_c / expected_c), then subtract the mean, which
  // softmax does not see. The loss is convex, so this converges to the minimum.
  double change = 1;
  for (int step = 0; change > kConverged && step < kMaxSteps; ++step) {
    const std::vector<double> expected = expected_counts(logits, labels, weights, biases);
    std::vector<double> next(classes);
    double mean = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      next[c] = biases[c] + std::log(target[c] / std::max(expected[c], 1e-12));
      mean += next[c] / static_cast<double>(classes);
    }
    change = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      change = std::max(change, std::abs(next[c] - mean - biases[c]));
      biases[c] = next[c] - mean;
    }
  }
  shrink_biases(biases, bias_information(logits));
  return {biases.begin(), biases.end()};
}

}  // namespace fovea
