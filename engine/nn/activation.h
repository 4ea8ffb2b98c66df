#pragma once

#include "engine/nn/layer.h"

namespace fovea {

// y = max(x, 0), or of ReLU6 min(max(x, 0), 6) (Krizhevsky 2010, "Convolutional deep belief
// networks on CIFAR-10"). The gradient is computed from y, so y may overwrite x; it is 0 at x = 0
// and, of ReLU6, at x = 6, as in PyTorch.
class Relu : public Layer {
 public:
  Shape output_shape(const Shape& in) const override { return in; }
  bool in_place() const override { return true; }
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
  kernels::Activation activation() const override { return kernels::Activation::relu; }
};

class Relu6 : public Relu {
 public:
  kernels::Activation activation() const override { return kernels::Activation::relu6; }
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
