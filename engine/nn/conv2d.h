#pragma once

#include "engine/kernels/infer_conv.h"
#include "engine/nn/layer.h"

namespace fovea {

// `pad` of a convolution: TensorFlow's padding "SAME" (kernels::same_padding), which depends on the
// size of the input and may be larger at the bottom and on the right.
inline constexpr int kSamePadding = -1;

// What the layers with a window share: the zeros around an input of this shape for a `pad`, and the
// smallest side of an input.
kernels::Padding padding_for(int pad, const Shape& in, int kernel, int stride);
int min_input_side(int pad, int kernel);
std::string padding_text(int pad);  // "1", "SAME"

// Square convolution with zero padding (a cross-correlation, as in all deep learning libraries):
//   y[n, oy, ox, o] = bias[o] + sum over kh, kw, c of
//                     x[n, oy * stride + kh - top, ox * stride + kw - left, c] * w[kh, kw, c, o]
// with top = left = pad, or as kSamePadding gives.
// Params: weight {kernel, kernel, in, out}, bias {1, 1, 1, out}.
class Conv2d : public Layer {
 public:
  struct Options {
    int in = 0, out = 0;
    int kernel = 3, stride = 1;
    int pad = 1;  // zeros on each side, or kSamePadding
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
  bool fuse(kernels::Activation activation) override;
  std::int64_t flops(const Shape& in) const override;

  const Options& options() const { return options_; }
  kernels::ConvShape shape_for(const Shape& in) const;
  kernels::Activation fused() const { return fused_; }
  // The weights in the order of the kernels, which the caller takes over: infer() then does not
  // work.
  kernels::PackedMatrix take_packed();

 private:
  Options options_;
  Param weight_;
  Param bias_;
  kernels::PackedMatrix prepared_;  // empty until prepare()
  kernels::Activation fused_ = kernels::Activation::none;
  kernels::ConvScratch scratch_;
};

}  // namespace fovea
