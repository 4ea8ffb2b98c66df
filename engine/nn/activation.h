#pragma once

#include "engine/nn/layer.h"

namespace fovea {

// y = max(x, 0). The gradient is computed from y, so y may overwrite x; it is 0 at x = 0.
class Relu : public Layer {
 public:
  Shape output_shape(const Shape& in) const override { return in; }
  bool in_place() const override { return true; }
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
};

// y = x * Phi(x) with Phi the normal distribution function (Hendrycks and Gimpel 2016, section 2).
// Computed exactly, by erf.
class Gelu : public Layer {
 public:
  Shape output_shape(const Shape& in) const override { return in; }
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
};

}  // namespace fovea
