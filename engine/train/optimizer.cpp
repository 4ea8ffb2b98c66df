#include "engine/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/kernels/elementwise.h"

namespace fovea {
namespace {

constexpr std::int64_t kUpdateChunk = 1 << 15;  // numbers that a thread updates at a time

class Sgd final : public Optimizer {
 public:
  explicit Sgd(const OptimizerOptions& options)
      : Optimizer(1, options.weight_decay), momentum_(options.momentum) {}

 private:
  void update(const ParamPart& p) const override {
    kernels::sgd_step({p.lr, momentum_, p.weight_decay}, p.grad, p.count, p.value, p.slots[0]);
  }
  Scalar momentum_;
};

// Weight decay: g += decay * value (Adam), or value *= 1 - lr * decay in the update (AdamW).
class Adam final : public Optimizer {
 public:
  explicit Adam(const OptimizerOptions& options)
      : Optimizer(2, options.weight_decay), options_(options) {}

 private:
  void update(const ParamPart& p) const override {
    // Bias corrections 1 - beta^t of the two moments after t steps, folded into the rate and the
    // denominator.
    const auto t = static_cast<double>(steps());
    const auto correction1 = static_cast<Scalar>(1 - std::pow(double{options_.beta1}, t));
    const auto correction2 = static_cast<Scalar>(1 - std::pow(double{options_.beta2}, t));
    const bool decoupled = options_.kind == OptimizerKind::adamw;
    kernels::AdamStep step{};
    step.rate = p.lr / correction1;
    step.root = 1 / std::sqrt(correction2);
    step.shrink = decoupled ? 1 - p.lr * p.weight_decay : 1;
    step.coupled_decay = decoupled ? 0 : p.weight_decay;
    step.beta1 = options_.beta1;
    step.beta2 = options_.beta2;
    step.eps = options_.eps;
    kernels::adam_step(step, p.grad, p.count, p.value, p.slots[0], p.slots[1]);
  }
  OptimizerOptions options_;
};

void require(bool good, const char* name, float value) {
  if (!good)
    throw ConfigError("optimizer: " + std::string(name) + " = " + std::to_string(value) +
                      " is out of range");
}

}  // namespace

void Optimizer::step(std::span<Param* const> params, float lr, int threads) {
  fit_state(params);
  ++steps_;
  parallel_for(int_size(chunks_), threads, [&](int c, int) {
    const auto [k, offset] = chunks_[c];
    Param& param = *params[k];
    ParamPart part{};
    part.value = param.value.data() + offset;
    part.grad = param.grad.data() + offset;
    for (int s = 0; s < slots_; ++s) part.slots[s] = state_[k * slots_ + s].data() + offset;
    part.count = std::min(kUpdateChunk, param.value.size() - offset);
    part.lr = lr * (lr_scales_.empty() ? 1.0f : lr_scales_[k]);
    part.weight_decay = param.decay ? weight_decay_ : Scalar{0};
    update(part);
  });
}

void Optimizer::restore(std::int64_t steps, std::vector<Tensor> state) {
  if (steps < 0) throw FormatError("optimizer: the step count is " + std::to_string(steps));
  steps_ = steps;
  state_ = std::move(state);
  chunks_.clear();
}

// Allocates the state on the first call and checks that it fits; later calls only compare the
// number of parameters.
void Optimizer::fit_state(std::span<Param* const> params) {
  const std::size_t slots = slots_;
  if (state_.empty()) {
    for (const Param* param : params) {
      for (std::size_t s = 0; s < slots; ++s) state_.emplace_back(param->value.shape());
    }
    chunks_.clear();
  }
  if (state_.size() != params.size() * slots ||
      (!lr_scales_.empty() && lr_scales_.size() != params.size())) {
    throw ShapeError("optimizer: there is state for " + std::to_string(state_.size() / slots) +
                     " parameters and " + std::to_string(lr_scales_.size()) +
                     " learning-rate scales, but " + std::to_string(params.size()) + " parameters");
  }
  if (!chunks_.empty()) return;
  for (std::size_t k = 0; k < params.size(); ++k) {
    const Shape& shape = params[k]->value.shape();
    for (std::size_t s = 0; s < slots; ++s) {
      if (state_[k * slots + s].shape() != shape) {
        throw ShapeError("optimizer: the state has shape " +
                         to_string(state_[k * slots + s].shape(), true) + ", but parameter " +
                         params[k]->name + " has " + to_string(shape, true));
      }
    }
    for (std::int64_t offset = 0; offset < shape.size(); offset += kUpdateChunk) {
      chunks_.push_back({static_cast<int>(k), offset});
    }
  }
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options) {
  require(options.weight_decay >= 0, "weight_decay", options.weight_decay);
  if (options.kind == OptimizerKind::sgd) {
    require(options.momentum >= 0 && options.momentum < 1, "momentum", options.momentum);
    return std::make_unique<Sgd>(options);
  }
  require(options.beta1 >= 0 && options.beta1 < 1, "beta1", options.beta1);
  require(options.beta2 >= 0 && options.beta2 < 1, "beta2", options.beta2);
  require(options.eps > 0, "eps", options.eps);
  return std::make_unique<Adam>(options);
}

}  // namespace fovea
