#pragma once

#include "engine/nn/layer.h"

namespace fovea {

// Square convolution with zero padding (a cross-correlation, as in all deep learning libraries):
//   y[n, oy, ox, o] = bias[o] + sum over kh, kw, c of
//                     x[n, oy * stride + kh - pad, ox * stride + kw - pad, c] * w[kh, kw, c, o]
// Params: weight {kernel, kernel, in, out}, bias {1, 1, 1, out}.
class Conv2d : public Layer {
 public:
  struct Options {
    int in = 0, out = 0;
    int kernel = 3, stride = 1, pad = 1;
    bool bias = true;
  };
  // `name` prefixes the parameters: "0" -> "0.weight". Throws ConfigError when an option is out of
  // range.
  Conv2d(const Options& options, const std::string& name);

  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
  std::vector<Param*> params() override;
  void prepare() override;
  std::int64_t flops(const Shape& in) const override;

 private:
  kernels::ConvShape shape_for(const Shape& in) const;

  Options options_;
  Param weight_;
  Param bias_;
  Tensor prepared_;  // weights in the order of the kernels; empty until prepare()
  kernels::ConvScratch scratch_;
};

}  // namespace fovea
