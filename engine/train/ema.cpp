#include "engine/train/ema.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/kernels/elementwise.h"

namespace fovea {
namespace {

Tensor& value_at(std::span<Param* const> params, std::span<Buffer* const> buffers, std::size_t i) {
  return i < params.size() ? params[i]->value : buffers[i - params.size()]->value;
}

}  // namespace

void copy_weights(std::span<Param* const> params, std::span<Buffer* const> buffers, Weights& to) {
  to.resize(params.size() + buffers.size());
  for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_from(value_at(params, buffers, i));
}

void swap_weights(std::span<Param* const> params, std::span<Buffer* const> buffers, Weights& with) {
  bool fits = with.size() == params.size() + buffers.size();
  for (std::size_t i = 0; fits && i < with.size(); ++i) {
    fits = with[i].shape() == value_at(params, buffers, i).shape();
  }
  if (!fits) throw ShapeError("stored weights do not fit the network");
  for (std::size_t i = 0; i < with.size(); ++i) std::swap(with[i], value_at(params, buffers, i));
}

WeightAverage::WeightAverage(float decay, int every) : every_(every) {
  if (!(decay >= 0 && decay < 1) || every < 1) {
    throw ConfigError("weight average: decay " + std::to_string(decay) + " is not in [0, 1), or " +
                      "every " + std::to_string(every) + " steps is below 1");
  }
  decay_ = std::pow(decay, static_cast<float>(every));
}

void WeightAverage::update(std::int64_t step, std::span<Param* const> params,
                           std::span<Buffer* const> buffers, int threads) {
  if (decay_ == 0 || step % every_ != 0) return;
  if (updates_++ == 0) {
    copy_weights(params, buffers, average_);
    return;
  }
  // average += (1 - d) * (weights - average), d = min(decay^every, u / (u + 9))
  const double earlier = static_cast<double>(updates_ - 1);
  const auto keep = static_cast<Scalar>(std::min(double{decay_}, earlier / (earlier + 9)));
  parallel_for(int_size(average_), threads, [&](int i, int) {
    kernels::move_towards(value_at(params, buffers, i).data(), average_[i].size(), 1 - keep,
                          average_[i].data());
  });
}

void WeightAverage::restore(std::int64_t updates, Weights average) {
  updates_ = updates;
  average_ = std::move(average);
}

}  // namespace fovea
