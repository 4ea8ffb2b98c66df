#include "engine/nn/depthwise_conv2d.h"

#include "engine/core/error.h"

namespace fovea {

DepthwiseConv2d::DepthwiseConv2d(const Options& options, const std::string& name)
    : options_(options) {
  const auto& o = options;
  if (o.channels < 1 || o.kernel < 1 || o.stride < 1 || (o.pad < 0 && o.pad != kSamePadding)) {
    throw ConfigError("DepthwiseConv2d needs channels, kernel, stride >= 1 and pad >= 0, not " +
                      std::to_string(o.channels) + ", " + std::to_string(o.kernel) + ", " +
                      std::to_string(o.stride) + ", " + std::to_string(o.pad));
  }
  const Shape shape{o.kernel, o.kernel, 1, o.channels};
  weight_ = {name + ".weight", Layout::depthwise, Tensor(shape), Tensor(shape), true};
  if (o.bias) {
    const Shape vector{1, 1, 1, o.channels};
    bias_ = {name + ".bias", Layout::vector, Tensor(vector), Tensor(vector), false};
  }
}

kernels::DepthwiseShape DepthwiseConv2d::shape_for(const Shape& in) const {
  const auto& o = options_;
  return {in.h, in.w, in.c, o.kernel, o.stride, padding_for(o.pad, in, o.kernel, o.stride)};
}

Shape DepthwiseConv2d::output_shape(const Shape& in) const {
  const int min_side = min_input_side(options_.pad, options_.kernel);
  if (in.c != options_.channels || in.h < min_side || in.w < min_side) {
    throw ShapeError("DepthwiseConv2d with " + std::to_string(options_.channels) +
                     " channels, kernel " + std::to_string(options_.kernel) + " and padding " +
                     padding_text(options_.pad) + " cannot take " + to_string(in));
  }
  const kernels::DepthwiseShape s = shape_for(in);
  return {in.n, s.out_h(), s.out_w(), in.c};
}

void DepthwiseConv2d::infer(const Tensor& x, Tensor& y, Scratch&) const {
  kernels::depthwise_forward(x.data(), x.shape().n, shape_for(x.shape()), weight_.value.data(),
                             bias_.value.data(), y.data(), fused_);
}

void DepthwiseConv2d::forward(const Tensor& x, Tensor& y, const Rng&) {
  kernels::depthwise_forward(x.data(), x.shape().n, shape_for(x.shape()), weight_.value.data(),
                             bias_.value.data(), y.data());
}

void DepthwiseConv2d::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  const kernels::DepthwiseShape s = shape_for(x.shape());
  kernels::depthwise_backward_weights(x.data(), dy.data(), x.shape().n, s, weight_.grad.data(),
                                      bias_.grad.data());
  if (dx == nullptr) return;
  kernels::depthwise_backward_input(dy.data(), x.shape().n, s, weight_.value.data(), dx->data(),
                                    scratch_);
}

std::vector<Param*> DepthwiseConv2d::params() {
  if (!options_.bias) return {&weight_};
  return {&weight_, &bias_};
}

bool DepthwiseConv2d::fuse(kernels::Activation activation) {
  fused_ = activation;
  return true;
}

std::int64_t DepthwiseConv2d::flops(const Shape& in) const {
  return shape_for(in).flops();
}

}  // namespace fovea
