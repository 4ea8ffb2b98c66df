#pragma once

#include "engine/nn/layer.h"

namespace fovea {

// Inverted dropout (Srivastava et al. 2014): in training each number becomes 0 with probability
// `rate` and is divided by 1 - rate otherwise; infer() does nothing. The mask is a function of the
// Rng passed to forward() and of the position.
class Dropout : public Layer {
 public:
  explicit Dropout(float rate);  // throws ConfigError unless 0 <= rate < 1
  Shape output_shape(const Shape& in) const override { return in; }
  bool in_place() const override { return true; }
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;

 private:
  void apply(const Tensor& x, Tensor& y) const;

  float rate_;
  std::vector<std::uint32_t> kept_;  // all bits set where kept, 0 where dropped
};

}  // namespace fovea
