#include "engine/fit/head_fit.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace fovea {
namespace {

constexpr int kBlockRows = 256;           // rows that one thread sums at a time
constexpr std::size_t kCorrections = 10;  // iterations that L-BFGS remembers
constexpr double kGradientNorm = 1e-7;    // at which it has converged
constexpr int kSlowSteps = 3;
constexpr double kSufficientDecrease = 1e-4;  // c1 of Armijo's condition
constexpr int kMaxHalvings = 20;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// The loss of a row with the logits z {outputs}, not divided by the total weight. Replaces z by its
// gradient:  p = softmax(z),  loss = -w t . log p,  dz = w (p - t).
template <class Number>
double softmax_loss(Number* z, const Scalar* target, double weight, int outputs) {
  const double highest = *std::max_element(z, z + outputs);
  double sum = 0, loss = 0;
  for (int j = 0; j < outputs; ++j) sum += std::exp(z[j] - highest);
  const double log_sum = highest + std::log(sum);
  for (int j = 0; j < outputs; ++j) {
    const double log_p = z[j] - log_sum;
    if (target[j] != 0) loss -= weight * target[j] * log_p;
    z[j] = static_cast<Number>(weight * (std::exp(log_p) - target[j]));
  }
  return loss;
}

}  // namespace

HeadTrainingSet rows_with_weight(const HeadTrainingSet& set) {
  HeadTrainingSet kept;
  std::copy_if(set.weights.begin(), set.weights.end(), std::back_inserter(kept.weights),
               [](double weight) { return weight > 0; });
  const int rows = int_size(kept.weights);
  const int dim = set.features.shape().c, outputs = set.targets.shape().c;
  kept.features = Tensor({rows, 1, 1, dim});
  kept.targets = Tensor({rows, 1, 1, outputs});
  for (int i = 0, row = 0; i < int_size(set.weights); ++i) {
    if (!(set.weights[i] > 0)) continue;
    std::copy_n(set.features.image(i), dim, kept.features.image(row));
    std::copy_n(set.targets.image(i), outputs, kept.targets.image(row));
    ++row;
  }
  return kept;
}

HeadFit::HeadFit(Network& network, const HeadTrainingSet& set, double ridge, int threads,
                 HeadPrior prior)
    : network_(network),
      set_(&set),
      ridge_(ridge),
      threads_(threads),
      prior_(prior),
      dim_(network.feature_dim()),
      outputs_(network.outputs()),
      scratch_(std::max(threads, 1)) {
  const int n = int_size(set.weights);
  if (set.features.shape() != Shape{n, 1, 1, dim_} ||
      set.targets.shape() != Shape{n, 1, 1, outputs_}) {
    throw ShapeError("head fit: got " + std::to_string(n) + " weights, features " +
                     to_string(set.features.shape(), true) + " and targets " +
                     to_string(set.targets.shape(), true));
  }
  if (!std::all_of(set.weights.begin(), set.weights.end(), [](double w) { return w > 0; })) {
    kept_ = rows_with_weight(set);
    set_ = &kept_;
  }
  const std::vector<double>& weights = set_->weights;
  if (weights.empty()) throw ShapeError("head fit: no row has a weight");
  total_weight_ = std::accumulate(weights.begin(), weights.end(), 0.0);
  initial_.resize((std::size_t(dim_) + 1) * outputs_);
  const Tensor& weight = network.head_weight().value;
  std::copy_n(weight.data(), weight.size(), initial_.begin());
  if (const Param* bias = network.head_bias()) {
    std::copy_n(bias->value.data(), outputs_, initial_.begin() + weight.size());
  }
  single_ = Tensor({1, 1, dim_ + 1, outputs_});
  head_ = initial_;
  objective_ = evaluate(head_, gradient_);
}

// Returns the loss of one block of rows and sets its gradient {1, 1, dim + 1, outputs}, both
// not divided by the total weight:
//   z = head' x + bias,  loss += softmax_loss(z),  gradient += x dz'
double HeadFit::evaluate_block(int block, Tensor& gradient, kernels::ConvScratch& scratch) const {
  const int first = block * kBlockRows;
  const int rows = std::min(int_size(set_->weights) - first, kBlockRows);
  const Scalar* x = set_->features.image(first);
  const std::ptrdiff_t bias = std::ptrdiff_t{dim_} * outputs_;  // where it begins
  const kernels::ConvShape shape{1, rows, dim_, outputs_, 1, 1, 0};
  Tensor logits({rows, 1, 1, outputs_});
  kernels::conv_forward(x, 1, shape, packed_.data(), single_.data() + bias, logits.data(), scratch);
  double loss = 0;
  for (int i = 0; i < rows; ++i) {
    loss += softmax_loss(logits.image(i), set_->targets.image(first + i), set_->weights[first + i],
                         outputs_);
  }
  gradient = Tensor({1, 1, dim_ + 1, outputs_});
  kernels::conv_backward_weights(x, logits.data(), 1, shape, gradient.data(),
                                 gradient.data() + bias, scratch);
  return loss;
}

// The same in double precision, with the sums of a block in `gradient` {dim + 1, outputs}.
double HeadFit::evaluate_exactly(const Vector& head, int block, Vector& gradient) const {
  const int first = block * kBlockRows;
  const int end = std::min(first + kBlockRows, int_size(set_->weights));
  const double* bias = &head[std::ptrdiff_t{dim_} * outputs_];
  gradient.assign(head.size(), 0);
  Vector z(outputs_);
  double loss = 0;
  for (int i = first; i < end; ++i) {
    const Scalar* x = set_->features.image(i);
    std::copy_n(bias, outputs_, z.begin());
    for (int d = 0; d < dim_; ++d) {
      if (x[d] == 0) continue;  // about half of the features, after a ReLU
      const double* row = &head[std::ptrdiff_t{d} * outputs_];
      for (int j = 0; j < outputs_; ++j) z[j] += x[d] * row[j];
    }
    loss += softmax_loss(z.data(), set_->targets.image(i), set_->weights[i], outputs_);
    for (int d = 0; d < dim_; ++d) {
      if (x[d] == 0) continue;
      double* row = &gradient[std::ptrdiff_t{d} * outputs_];
      for (int j = 0; j < outputs_; ++j) row[j] += x[d] * z[j];
    }
    for (int j = 0; j < outputs_; ++j) gradient[std::ptrdiff_t{dim_} * outputs_ + j] += z[j];
  }
  return loss;
}

// Evaluates the blocks in parallel and adds their sums in the order of the blocks.
template <class Gradient, class Evaluate>
double HeadFit::sum_blocks(const Evaluate& evaluate_one, Vector& gradient) const {
  const int blocks = (int_size(set_->weights) + kBlockRows - 1) / kBlockRows;
  std::vector<Gradient> gradients(blocks);
  Vector losses(blocks);
  parallel_for(blocks, threads_,
               [&](int b, int thread) { losses[b] = evaluate_one(b, gradients[b], thread); });
  double loss = 0;
  for (int b = 0; b < blocks; ++b) {
    loss += losses[b];
    const auto* from = gradients[b].data();
    for (double& sum : gradient) sum += *from++;
  }
  return loss;
}

double HeadFit::evaluate(const Vector& head, Vector& gradient) {
  gradient.assign(head.size(), 0);
  double loss = 0;
  if (prior_ == HeadPrior::initial) {
    loss = sum_blocks<Vector>(
        [&](int b, Vector& sums, int) { return evaluate_exactly(head, b, sums); }, gradient);
  } else {
    std::transform(head.begin(), head.end(), single_.data(),
                   [](double value) { return static_cast<Scalar>(value); });
    kernels::pack_weights(single_.data(), {1, 1, dim_, outputs_, 1, 1, 0}, packed_);
    loss = sum_blocks<Tensor>(
        [&](int b, Tensor& sums, int thread) { return evaluate_block(b, sums, scratch_[thread]); },
        gradient);
  }
  for (double& sum : gradient) sum /= total_weight_;
  loss = loss / total_weight_ + add_ridge(head, gradient);
  if (network_.head_bias() == nullptr) {  // it stays 0
    std::fill_n(gradient.end() - outputs_, outputs_, 0);
  }
  if (!std::isfinite(loss)) {
    throw FormatError("the head cannot be fitted: features or weights are not finite");
  }
  return loss;
}

// Returns ridge * |head - prior|^2 and adds its gradient.
double HeadFit::add_ridge(const Vector& head, Vector& gradient) const {
  const bool to_initial = prior_ == HeadPrior::initial;
  const std::size_t count = head.size() - (to_initial ? 0 : outputs_);
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const double moved = head[k] - (to_initial ? initial_[k] : 0);
    sum += moved * moved;
    gradient[k] += 2 * ridge_ * moved;
  }
  return ridge_ * sum;
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

double HeadFit::run(int iterations, double relative_decrease) {
  for (int i = 0; i < iterations && !converged_; ++i) {
    const double before = objective_;
    converged_ =
        std::sqrt(dot(gradient_, gradient_)) < kGradientNorm || !line_search(descent_direction());
    slow_steps_ = before - objective_ < relative_decrease * objective_ ? slow_steps_ + 1 : 0;
    if (slow_steps_ == kSlowSteps) converged_ = true;
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
    for (int j = 0; j < outputs_; ++j) {
      bias->value.data()[j] = static_cast<Scalar>(head_[weight.size() + j]);
    }
  }
}

}  // namespace fovea
