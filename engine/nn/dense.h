#pragma once

#include "engine/nn/layer.h"

namespace fovea {

// y {n, 1, 1, out} = x {n, 1, 1, in} * weight + bias. Computed as a 1x1 convolution over a row of n
// pixels, so that the result for an image does not depend on its batch, bit for bit.
// Params: weight {1, 1, in, out}, bias {1, 1, 1, out}.
class Dense : public Layer {
 public:
  Dense(int in, int out, bool bias, const std::string& name);
  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
  std::vector<Param*> params() override;
  void prepare() override;
  bool fuse(kernels::Activation activation) override {
    fused_ = activation;
    return true;
  }
  std::int64_t flops(const Shape&) const override { return std::int64_t{2} * in_ * out_; }

 private:
  kernels::ConvShape shape_for(const Tensor& x) const {
    return {1, x.shape().n, in_, out_, 1, 1, 0};
  }

  int in_, out_;
  bool has_bias_;
  Param weight_, bias_;
  Tensor prepared_;  // weights in the order of the kernels; empty until prepare()
  kernels::Activation fused_ = kernels::Activation::none;
  kernels::ConvScratch scratch_;
};

// {n, h, w, c} -> {n, 1, 1, h * w * c} in memory order (h, w, c). The order of PyTorch's nn.Flatten
// is (c, h, w); the model file converts between them.
class Flatten : public Layer {
 public:
  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
};

}  // namespace fovea
