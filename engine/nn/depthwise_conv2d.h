#pragma once

#include "engine/kernels/depthwise.h"
#include "engine/nn/conv2d.h"

namespace fovea {

// Square depthwise convolution (kernels/depthwise.h): one filter per channel, as
// nn.Conv2d(channels, channels, kernel, stride, pad, groups=channels) in PyTorch.
// Params: weight {kernel, kernel, 1, channels}, bias {1, 1, 1, channels}.
class DepthwiseConv2d : public Layer {
 public:
  struct Options {
    int channels = 0;
    int kernel = 3, stride = 1;
    int pad = 1;  // zeros on each side, or kSamePadding
    bool bias = true;
  };
  // `name` prefixes the parameters: "0" -> "0.weight". Throws ConfigError when an option is out of
  // range.
  DepthwiseConv2d(const Options& options, const std::string& name);

  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
  std::vector<Param*> params() override;
  bool fuse(kernels::Activation activation) override;
  std::int64_t flops(const Shape& in) const override;

  const Options& options() const { return options_; }
  kernels::DepthwiseShape shape_for(const Shape& in) const;
  const Param& weight() const { return weight_; }
  const Param& bias() const { return bias_; }
  void free_weights() { weight_.value = {}; }  // infer() then does not work

 private:
  Options options_;
  Param weight_;
  Param bias_;
  kernels::Activation fused_ = kernels::Activation::none;
  kernels::ConvScratch scratch_;
};

}  // namespace fovea
