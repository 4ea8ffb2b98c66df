#include "engine/nn/dense.h"

#include <algorithm>
#include <limits>

#include "engine/core/error.h"
#include "engine/kernels/gemm.h"

namespace fovea {

Dense::Dense(int in, int out, bool bias, const std::string& name)
    : in_(in), out_(out), has_bias_(bias) {
  if (in < 1 || out < 1) {
    throw ConfigError("Dense needs in, out >= 1, not " + std::to_string(in) + ", " +
                      std::to_string(out));
  }
  const Shape shape{1, 1, in, out}, vector{1, 1, 1, out};
  weight_ = {name + ".weight", Layout::dense, Tensor(shape), Tensor(shape), true};
  if (bias) bias_ = {name + ".bias", Layout::vector, Tensor(vector), Tensor(vector), false};
}

Shape Dense::output_shape(const Shape& in) const {
  if (in.h != 1 || in.w != 1 || in.c != in_) {
    throw ShapeError("Dense with " + std::to_string(in_) + " inputs cannot take " + to_string(in));
  }
  return {in.n, 1, 1, out_};
}

void Dense::prepare() {
  if (!prepared_.empty()) return;
  kernels::pack_weights(weight_.value.data(), {1, 1, in_, out_, 1, 1, 0}, prepared_);
  weight_.value = {};
}

void Dense::infer(const Tensor& x, Tensor& y, Scratch& scratch) const {
  const kernels::ConvShape s = shape_for(x);
  const Scalar* packed = prepared_.data();
  if (prepared_.empty()) {
    kernels::pack_weights(weight_.value.data(), s, scratch.conv.packed);
    packed = scratch.conv.packed.data();
  }
  kernels::conv_forward(x.data(), 1, s, packed, bias_.value.data(), y.data(), scratch.conv, fused_);
}

void Dense::forward(const Tensor& x, Tensor& y, const Rng&) {
  const kernels::ConvShape s = shape_for(x);
  kernels::pack_weights(weight_.value.data(), s, scratch_.packed);
  kernels::conv_forward(x.data(), 1, s, scratch_.packed.data(), bias_.value.data(), y.data(),
                        scratch_);
}

void Dense::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  // dweight += x' dy,  dbias += sum of dy over the rows,  dx = dy weight'
  const int n = x.shape().n;
  kernels::gemm_at(in_, out_, n, x.data(), dy.data(), weight_.grad.data(), kernels::Write::add);
  if (has_bias_) kernels::add_rows(dy.data(), n, out_, bias_.grad.data());
  if (dx == nullptr) return;
  kernels::gemm_bt(n, in_, out_, dy.data(), weight_.value.data(), dx->data(),
                   kernels::Write::overwrite);
}

std::vector<Param*> Dense::params() {
  if (!has_bias_) return {&weight_};
  return {&weight_, &bias_};
}

Shape Flatten::output_shape(const Shape& in) const {
  if (in.per_image() > std::numeric_limits<int>::max()) {
    throw ShapeError("Flatten cannot take " + to_string(in) + ": too many numbers");
  }
  return {in.n, 1, 1, static_cast<int>(in.per_image())};
}

void Flatten::infer(const Tensor& x, Tensor& y, Scratch&) const {
  std::copy_n(x.data(), x.size(), y.data());
}

void Flatten::forward(const Tensor& x, Tensor& y, const Rng&) {
  std::copy_n(x.data(), x.size(), y.data());
}

void Flatten::backward(const Tensor&, const Tensor&, const Tensor& dy, Tensor* dx) {
  if (dx != nullptr) std::copy_n(dy.data(), dy.size(), dx->data());
}

}  // namespace fovea
