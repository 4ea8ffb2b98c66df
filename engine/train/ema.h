#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/nn/layer.h"

namespace fovea {

// The values of a network: parameters in order, then buffers in order.
using Weights = std::vector<Tensor>;

void copy_weights(std::span<Param* const> params, std::span<Buffer* const> buffers, Weights& to);
// Exchanges the tensors without copying. Throws ShapeError when a shape differs.
void swap_weights(std::span<Param* const> params, std::span<Buffer* const> buffers, Weights& with);

// Exponential moving average of parameters and batch-norm statistics, updated every `every` steps:
//   average = d * average + (1 - d) * weights,   d = min(decay^every, u / (u + 9))
// after u earlier updates. The first update copies the weights, and early weights fade quickly.
class WeightAverage {
 public:
  // 0 <= decay < 1 per step, 0 = off; every >= 1. Throws ConfigError.
  WeightAverage(float decay, int every);

  // Call after each optimiser step, `step` counted from 1.
  void update(std::int64_t step, std::span<Param* const> params, std::span<Buffer* const> buffers,
              int threads = 1);
  bool ready() const { return updates_ > 0; }
  Weights& average() { return average_; }  // REQUIRES: ready()
  const Weights& average() const { return average_; }

  // For checkpoints.
  std::int64_t updates() const { return updates_; }
  void restore(std::int64_t updates, Weights average);

 private:
  float decay_;  // per update
  int every_;
  std::int64_t updates_ = 0;
  Weights average_;
};

}  // namespace fovea
