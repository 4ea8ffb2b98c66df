#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/nn/layer.h"

namespace fovea {

enum class OptimizerKind {
  sgd,    // SGD with Nesterov momentum, as torch.optim.SGD(nesterov=True)
  adam,   // Kingma and Ba 2015, algorithm 1; weight decay is added to the gradient
  adamw,  // Loshchilov and Hutter 2019, algorithm 2; weight decay is decoupled
};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adamw;
  float momentum = 0.9f;      // sgd
  float beta1 = 0.9f;         // adam, adamw
  float beta2 = 0.999f;       // adam, adamw
  float eps = 1e-8f;          // adam, adamw
  float weight_decay = 0.0f;  // only where Param::decay
  bool operator==(const OptimizerOptions&) const = default;
};

// Updates all parameters in one call to step(), so that the step count of Adam's bias correction
// advances once per update. The schedule determines the learning rate.
// Thread contract: one owner. Results do not depend on `threads`.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // value -= update(grad). The state is indexed by position: every call takes the same parameters
  // in the same order. Throws ShapeError when they do not fit the state.
  void step(std::span<Param* const> params, float lr, int threads = 1);

  // Factors for the learning rate of each parameter, by position; empty = 1 for all.
  void set_lr_scales(std::vector<float> scales) { lr_scales_ = std::move(scales); }

  // For checkpoints. state() is `slots` tensors of parameter 0, then of parameter 1, and so on;
  // empty before the first step. restore() takes a former steps() and state(). Throws FormatError
  // when steps < 0.
  std::int64_t steps() const { return steps_; }
  std::span<const Tensor> state() const { return state_; }
  void restore(std::int64_t steps, std::vector<Tensor> state);

 protected:
  // Part of one parameter, updated by one thread.
  struct ParamPart {
    Scalar* value;
    const Scalar* grad;
    Scalar* slots[2];
    std::int64_t count;
    Scalar lr;
    Scalar weight_decay;
  };
  Optimizer(int slots, float weight_decay) : slots_(slots), weight_decay_(weight_decay) {}

 private:
  virtual void update(const ParamPart& part) const = 0;
  void fit_state(std::span<Param* const> params);

  int slots_;
  Scalar weight_decay_;
  std::int64_t steps_ = 0;
  std::vector<Tensor> state_;
  std::vector<float> lr_scales_;
  struct Chunk {  // where a ParamPart begins
    int param;
    std::int64_t offset;
  };
  std::vector<Chunk> chunks_;
};

// Throws ConfigError naming the option that is out of range.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options);

}  // namespace fovea
