#include "engine/retrain/head_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace fovea {
namespace {

constexpr int kBlockRows = 256;               // rows that one thread sums at a time
constexpr std::size_t kCorrections = 10;      // iterations that L-BFGS remembers
constexpr double kGradientNorm = 1e-7;        // at which it has converged
constexpr double kSufficientDecrease = 1e-4;  // c1 of Armijo's condition
constexpr int kMaxHalvings = 40;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

HeadFit::HeadFit(Network& network, const HeadTrainingSet& set, double ridge, int threads)
    : network_(network),
      set_(set),
      ridge_(ridge),
      threads_(threads),
      dim_(network.feature_dim()),
      outputs_(network.outputs()) {
  const int n = int_size(set.weights);
  const Shape features{n, 1, 1, network.feature_dim()}, targets{n, 1, 1, network.outputs()};
  if (n == 0 || set.features.shape() != features || set.targets.shape() != targets) {
    throw ShapeError("head fit: got " + std::to_string(n) + " weights, features " +
                     to_string(set.features.shape(), true) + " and targets " +
                     to_string(set.targets.shape(), true));
  }
  for (const double weight : set.weights) total_weight_ += weight;
  initial_.resize((dim_ + 1) * outputs_);
  const Tensor& weight = network.head_weight().value;
  std::copy_n(weight.data(), weight.size(), initial_.begin());
  if (const Param* bias = network.head_bias()) {
    std::copy_n(bias->value.data(), bias->value.size(), initial_.begin() + weight.size());
  }
  head_ = initial_;
  objective_ = evaluate(head_, gradient_);
}

// Adds the loss and gradient of rows first <= i < end, not divided by the total weight:
//   z = head' x + bias,  p = softmax(z),  loss -= w t . log p,  dz = w (p - t),  gradient += x dz'
void HeadFit::add_rows(const Vector& head, int first, int end, double& loss,
                       Vector& gradient) const {
  Vector z(outputs_);
  const double* bias = &head[dim_ * outputs_];
  for (int i = first; i < end; ++i) {
    const Scalar* x = set_.features.image(i);
    const Scalar* target = set_.targets.image(i);
    const double weight = set_.weights[i];
    std::copy_n(bias, outputs_, z.begin());
    for (std::size_t d = 0; d < dim_; ++d) {
      if (x[d] == 0) continue;  // about half of the features, after a ReLU
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
      z[j] = weight * (std::exp(log_p) - target[j]);  // dz
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
  // Blocks of rows in parallel, then their sums in the order of the blocks.
  const int n = int_size(set_.weights);
  const int blocks = (n + kBlockRows - 1) / kBlockRows;
  std::vector<Vector> gradients(blocks);
  Vector losses(blocks);
  parallel_for(blocks, threads_, [&](int b, int) {
    gradients[b].assign(head.size(), 0);
    add_rows(head, b * kBlockRows, std::min(n, (b + 1) * kBlockRows), losses[b], gradients[b]);
  });
  double loss = 0;
  gradient.assign(head.size(), 0);
  for (int b = 0; b < blocks; ++b) {
    loss += losses[b];
    for (std::size_t k = 0; k < head.size(); ++k) gradient[k] += gradients[b][k];
  }
  // The mean over the weights, and the ridge.
  loss /= total_weight_;
  for (std::size_t k = 0; k < head.size(); ++k) {
    const double moved = head[k] - initial_[k];
    loss += ridge_ * moved * moved;
    gradient[k] = gradient[k] / total_weight_ + 2 * ridge_ * moved;
  }
  // A head without a bias: its bias stays 0.
  if (network_.head_bias() == nullptr) std::fill_n(&gradient[dim_ * outputs_], outputs_, 0);
  if (!std::isfinite(loss)) {
    throw FormatError("the head cannot be fitted: features or weights are not finite");
  }
  return loss;
}

// -H g for the L-BFGS approximation H of the inverse Hessian, by the two-loop recursion (Nocedal
// 1980, page 779; Nocedal and Wright 2006, algorithm 7.4).
HeadFit::Vector HeadFit::descent_direction() const {
  Vector q = gradient_;
  std::vector<double> alpha(corrections_.size());
  // First loop, from the latest correction to the oldest: alpha_i = rho_i s_i . q, q -= alpha_i
  // y_i.
  for (std::size_t i = corrections_.size(); i-- > 0;) {
    alpha[i] = corrections_[i].rho * dot(corrections_[i].s, q);
    for (std::size_t k = 0; k < q.size(); ++k) q[k] -= alpha[i] * corrections_[i].y[k];
  }
  // Initial H = (s . y) / (y . y) I of the latest correction.
  if (!corrections_.empty()) {
    const Correction& latest = corrections_.back();
    const double scale = 1 / (latest.rho * dot(latest.y, latest.y));
    for (double& x : q) x *= scale;
  }
  // Second loop, from the oldest to the latest: beta = rho_i y_i . q, q += (alpha_i - beta) s_i.
  for (std::size_t i = 0; i < corrections_.size(); ++i) {
    const double beta = corrections_[i].rho * dot(corrections_[i].y, q);
    for (std::size_t k = 0; k < q.size(); ++k) q[k] += (alpha[i] - beta) * corrections_[i].s[k];
  }
  for (double& x : q) x = -x;
  return q;
}

// Backtracking line search: halves the step until f(x + t d) <= f(x) + c1 t (g . d) (Armijo's
// condition), then takes the step and records the correction. False when no step decreases the
// objective, because double precision is exhausted.
bool HeadFit::line_search(const Vector& direction) {
  const double slope = dot(gradient_, direction);
  const double norm = std::sqrt(dot(gradient_, gradient_));
  double step = corrections_.empty() ? std::min(1.0, 1 / norm) : 1;
  Vector next(head_.size()), next_gradient;
  for (int halvings = 0; halvings < kMaxHalvings; ++halvings, step /= 2) {
    for (std::size_t k = 0; k < next.size(); ++k) next[k] = head_[k] + step * direction[k];
    const double objective = evaluate(next, next_gradient);
    if (!(objective <= objective_ + kSufficientDecrease * step * slope)) continue;
    Correction correction{next, next_gradient, 0};
    for (std::size_t k = 0; k < next.size(); ++k) {
      correction.s[k] -= head_[k];
      correction.y[k] -= gradient_[k];
    }
    const double curvature = dot(correction.s, correction.y);
    if (curvature > 0) {  // else the approximation would not stay positive definite
      correction.rho = 1 / curvature;
      if (corrections_.size() == kCorrections) corrections_.erase(corrections_.begin());
      corrections_.push_back(std::move(correction));
    }
    head_ = std::move(next);
    gradient_ = std::move(next_gradient);
    objective_ = objective;
    return true;
  }
  return false;
}

double HeadFit::run(int iterations) {
  for (int i = 0; i < iterations && !converged_; ++i) {
    converged_ =
        std::sqrt(dot(gradient_, gradient_)) < kGradientNorm || !line_search(descent_direction());
  }
  store_head();
  return objective_;
}

void HeadFit::store_head() {
  Tensor& weight = network_.head_weight().value;
  for (std::int64_t k = 0; k < weight.size(); ++k) {
    weight.data()[k] = static_cast<Scalar>(head_[k]);
  }
  if (Param* bias = network_.head_bias()) {
    for (std::size_t j = 0; j < outputs_; ++j) {
      bias->value.data()[j] = static_cast<Scalar>(head_[dim_ * outputs_ + j]);
    }
  }
}

}  // namespace fovea
