#include "engine/nn/conv2d.h"

#include "engine/core/error.h"

namespace fovea {

kernels::Padding padding_for(int pad, const Shape& in, int kernel, int stride) {
  if (pad == kSamePadding) return kernels::same_padding(in.h, in.w, kernel, stride);
  return kernels::Padding(pad);
}

int min_input_side(int pad, int kernel) {
  return pad == kSamePadding ? 1 : kernel - 2 * pad;
}

std::string padding_text(int pad) {
  return pad == kSamePadding ? "SAME" : std::to_string(pad);
}

Conv2d::Conv2d(const Options& options, const std::string& name) : options_(options) {
  const auto& o = options;
  if (o.in < 1 || o.out < 1 || o.kernel < 1 || o.stride < 1 ||
      (o.pad < 0 && o.pad != kSamePadding)) {
    throw ConfigError("Conv2d needs in, out, kernel, stride >= 1 and pad >= 0, not in " +
                      std::to_string(o.in) + ", out " + std::to_string(o.out) + ", kernel " +
                      std::to_string(o.kernel) + ", stride " + std::to_string(o.stride) + ", pad " +
                      std::to_string(o.pad));
  }
  const Shape shape{o.kernel, o.kernel, o.in, o.out};
  weight_ = {name + ".weight", Layout::conv, Tensor(shape), Tensor(shape), true};
  if (o.bias) {
    const Shape vector{1, 1, 1, o.out};
    bias_ = {name + ".bias", Layout::vector, Tensor(vector), Tensor(vector), false};
  }
}

kernels::ConvShape Conv2d::shape_for(const Shape& in) const {
  const auto& o = options_;
  return {in.h, in.w, in.c, o.out, o.kernel, o.stride, padding_for(o.pad, in, o.kernel, o.stride)};
}

Shape Conv2d::output_shape(const Shape& in) const {
  const int min_side = min_input_side(options_.pad, options_.kernel);
  if (in.c != options_.in || in.h < min_side || in.w < min_side) {
    throw ShapeError("Conv2d with " + std::to_string(options_.in) + " input channels, kernel " +
                     std::to_string(options_.kernel) + " and padding " +
                     padding_text(options_.pad) + " cannot take " + to_string(in));
  }
  const kernels::ConvShape s = shape_for(in);
  return {in.n, s.out_h(), s.out_w(), s.out};
}

void Conv2d::prepare() {
  if (prepared_.empty() && !weight_.value.empty()) prepared_ = take_packed();
}

kernels::PackedMatrix Conv2d::take_packed() {
  const auto& o = options_;
  kernels::PackedMatrix packed = kernels::pack_matrix(weight_.value.data(), bias_.value.data(),
                                                      o.kernel * o.kernel * o.in, o.out);
  weight_.value = {};
  return packed;
}

void Conv2d::infer(const Tensor& x, Tensor& y, Scratch& scratch) const {
  const kernels::ConvShape s = shape_for(x.shape());
  if (!prepared_.empty()) {
    return kernels::conv_infer(x.data(), x.shape().n, s, prepared_, fused_, nullptr, y.data(),
                               scratch.conv, scratch.threads);
  }
  kernels::pack_weights(weight_.value.data(), s, scratch.conv.packed);
  kernels::conv_forward(x.data(), x.shape().n, s, scratch.conv.packed.data(), bias_.value.data(),
                        y.data(), scratch.conv, fused_);
}

bool Conv2d::fuse(kernels::Activation activation) {
  fused_ = activation;
  return true;
}

void Conv2d::forward(const Tensor& x, Tensor& y, const Rng&) {
  const kernels::ConvShape s = shape_for(x.shape());
  kernels::pack_weights(weight_.value.data(), s, scratch_.packed);
  kernels::conv_forward(x.data(), x.shape().n, s, scratch_.packed.data(), bias_.value.data(),
                        y.data(), scratch_);
}

void Conv2d::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  const kernels::ConvShape s = shape_for(x.shape());
  kernels::conv_backward_weights(x.data(), dy.data(), x.shape().n, s, weight_.grad.data(),
                                 bias_.grad.data(), scratch_);
  if (dx == nullptr) return;
  kernels::conv_backward_input(dy.data(), x.shape().n, s, weight_.value.data(), dx->data(),
                               scratch_);
}

std::vector<Param*> Conv2d::params() {
  if (!options_.bias) return {&weight_};
  return {&weight_, &bias_};
}

std::int64_t Conv2d::flops(const Shape& in) const {
  return shape_for(in).flops();
}

}  // namespace fovea
