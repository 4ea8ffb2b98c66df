#include "engine/retrain/head_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace fovea {
namespace {

constexpr int kRows = 256;           // rows summed at a time, on one thread
constexpr std::size_t kMemory = 10;  // steps that L-BFGS remembers
constexpr double kEnough = 1e-7;     // gradient norm at which it has converged
constexpr double kSlope = 1e-4;      // Armijo's condition

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

HeadFit::HeadFit(Network& network, const HeadTargets& task, double ridge, int threads)
    : network_(network),
      task_(task),
      ridge_(ridge),
      threads_(threads),
      dim_(static_cast<std::size_t>(network.feature_dim())),
      outputs_(static_cast<std::size_t>(network.outputs())) {
  const int n = static_cast<int>(task.weights.size());
  const Shape features{n, 1, 1, network.feature_dim()}, targets{n, 1, 1, network.outputs()};
  if (n == 0 || task.features.shape() != features || task.targets.shape() != targets) {
    throw ShapeError("the head learns from " + std::to_string(n) + " weights, features " +
                     to_string(task.features.shape()) + " and targets " +
                     to_string(task.targets.shape()));
  }
  for (const double weight : task.weights) total_weight_ += weight;
  start_.resize((dim_ + 1) * outputs_);
  const Tensor& weight = network.head_weight().value;
  std::copy_n(weight.data(), weight.size(), start_.begin());
  if (const Param* bias = network.head_bias()) {
    std::copy_n(bias->value.data(), bias->value.size(),
                start_.begin() + static_cast<std::ptrdiff_t>(dim_ * outputs_));
  }
  head_ = start_;
  value_ = evaluate(head_, gradient_);
}

// The loss and gradient of rows first <= i < end, not yet divided by the total weight.
void HeadFit::add_rows(const Vector& head, int first, int end, double& loss,
                       Vector& gradient) const {
  Vector z(outputs_);
  const double* bias = &head[dim_ * outputs_];
  for (int i = first; i < end; ++i) {
    const Scalar* x = task_.features.image(i);
    const Scalar* target = task_.targets.image(i);
    const double weight = task_.weights[static_cast<std::size_t>(i)];
    std::copy_n(bias, outputs_, z.begin());
    for (std::size_t d = 0; d < dim_; ++d) {
      if (x[d] == 0) continue;  // half of them, behind a ReLU
      const double* row = &head[d * outputs_];
      for (std::size_t j = 0; j < outputs_; ++j) z[j] += x[d] * row[j];
    }
    const double highest = *std::max_element(z.begin(), z.end());
    double sum = 0;
    for (const double logit : z) sum += std::exp(logit - highest);
    const double log_sum = highest + std::log(sum);
    for (std::size_t j = 0; j < outputs_; ++j) {
      const double log_p = z[j] - log_sum;
      if (target[j] != 0) loss -= weight * target[j] * log_p;
      z[j] = weight * (std::exp(log_p) - target[j]);
    }
    for (std::size_t d = 0; d < dim_; ++d) {
      if (x[d] == 0) continue;
      double* row = &gradient[d * outputs_];
      for (std::size_t j = 0; j < outputs_; ++j) row[j] += x[d] * z[j];
    }
    for (std::size_t j = 0; j < outputs_; ++j) gradient[dim_ * outputs_ + j] += z[j];
  }
}

double HeadFit::evaluate(const Vector& head, Vector& gradient) const {
  const int n = static_cast<int>(task_.weights.size());
  const int blocks = (n + kRows - 1) / kRows;
  std::vector<Vector> gradients(static_cast<std::size_t>(blocks));
  Vector losses(static_cast<std::size_t>(blocks));
  parallel_for(blocks, threads_, [&](int b, int) {
    const auto block = static_cast<std::size_t>(b);
    gradients[block].assign(head.size(), 0);
    add_rows(head, b * kRows, std::min(n, (b + 1) * kRows), losses[block], gradients[block]);
  });
  double loss = 0;
  gradient.assign(head.size(), 0);
  for (std::size_t b = 0; b < gradients.size(); ++b) {
    loss += losses[b];
    for (std::size_t k = 0; k < head.size(); ++k) gradient[k] += gradients[b][k];
  }
  loss /= total_weight_;
  for (std::size_t k = 0; k < head.size(); ++k) {
    const double moved = head[k] - start_[k];
    loss += ridge_ * moved * moved;
    gradient[k] = gradient[k] / total_weight_ + 2 * ridge_ * moved;
  }
  if (network_.head_bias() == nullptr) {
    std::fill(gradient.begin() + static_cast<std::ptrdiff_t>(dim_ * outputs_), gradient.end(), 0);
  }
  if (!std::isfinite(loss)) {
    throw FormatError("the head cannot be fitted: features or weights are not finite");
  }
  return loss;
}

// The two-loop recursion (Nocedal 1980, page 779).
HeadFit::Vector HeadFit::direction() const {
  Vector q = gradient_;
  std::vector<double> alpha(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    alpha[i] = pairs_[i].rho * dot(pairs_[i].s, q);
    for (std::size_t k = 0; k < q.size(); ++k) q[k] -= alpha[i] * pairs_[i].y[k];
  }
  if (!pairs_.empty()) {
    const Pair& last = pairs_.back();
    const double scale = 1 / (last.rho * dot(last.y, last.y));
    for (double& x : q) x *= scale;
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double beta = pairs_[i].rho * dot(pairs_[i].y, q);
    for (std::size_t k = 0; k < q.size(); ++k) q[k] += (alpha[i] - beta) * pairs_[i].s[k];
  }
  for (double& x : q) x = -x;
  return q;
}

// Along the step until the value has dropped enough; false when double precision sees no drop.
bool HeadFit::advance(const Vector& step) {
  const double slope = dot(gradient_, step);
  const double norm = std::sqrt(dot(gradient_, gradient_));
  double length = pairs_.empty() ? std::min(1.0, 1 / norm) : 1;
  Vector next(head_.size()), next_gradient;
  for (int halvings = 0; halvings < 40; ++halvings, length /= 2) {
    for (std::size_t k = 0; k < next.size(); ++k) next[k] = head_[k] + length * step[k];
    const double value = evaluate(next, next_gradient);
    if (!(value <= value_ + kSlope * length * slope)) continue;
    Pair pair{next, next_gradient, 0};
    for (std::size_t k = 0; k < next.size(); ++k) {
      pair.s[k] -= head_[k];
      pair.y[k] -= gradient_[k];
    }
    const double curvature = dot(pair.s, pair.y);
    if (curvature > 0) {
      pair.rho = 1 / curvature;
      if (pairs_.size() == kMemory) pairs_.erase(pairs_.begin());
      pairs_.push_back(std::move(pair));
    }
    head_ = std::move(next);
    gradient_ = std::move(next_gradient);
    value_ = value;
    return true;
  }
  return false;
}

double HeadFit::improve(int iterations) {
  for (int i = 0; i < iterations && !converged_; ++i) {
    converged_ = std::sqrt(dot(gradient_, gradient_)) < kEnough || !advance(direction());
  }
  write_back();
  return value_;
}

void HeadFit::write_back() {
  Tensor& weight = network_.head_weight().value;
  for (std::int64_t k = 0; k < weight.size(); ++k) {
    weight.data()[k] = static_cast<Scalar>(head_[static_cast<std::size_t>(k)]);
  }
  if (Param* bias = network_.head_bias()) {
    for (std::size_t j = 0; j < outputs_; ++j) {
      bias->value.data()[j] = static_cast<Scalar>(head_[dim_ * outputs_ + j]);
    }
  }
}

}  // namespace fovea
