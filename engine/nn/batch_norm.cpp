#include "engine/nn/batch_norm.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/kernels/norm.h"

namespace fovea {
namespace {

// Positions that share a channel's statistics: n * h * w.
std::int64_t rows_of(const Tensor& x) {
  return x.size() / x.shape().c;
}

}  // namespace

BatchNorm::BatchNorm(int channels, float eps, float momentum, const std::string& name)
    : channels_(channels), eps_(eps) {
  if (channels < 1 || !(eps > 0) || !(momentum > 0 && momentum <= 1)) {
    throw ConfigError("BatchNorm needs channels >= 1, eps > 0 and 0 < momentum <= 1, not " +
                      std::to_string(channels) + ", " + std::to_string(eps) + ", " +
                      std::to_string(momentum));
  }
  const Shape vector{1, 1, 1, channels};
  weight_ = {name + ".weight", Layout::vector, Tensor(vector), Tensor(vector), false};
  bias_ = {name + ".bias", Layout::vector, Tensor(vector), Tensor(vector), false};
  mean_ = {name + ".running_mean", Tensor(vector), Tensor(vector), momentum};
  var_ = {name + ".running_var", Tensor(vector), Tensor(vector), momentum};
  weight_.value.fill(1);
  var_.value.fill(1);
  inverse_std_ = Tensor(vector);
  scale_ = Tensor(vector);
  shift_ = Tensor(vector);
}

Shape BatchNorm::output_shape(const Shape& in) const {
  if (in.c != channels_) {
    throw ShapeError("BatchNorm over " + std::to_string(channels_) + " channels cannot take " +
                     to_string(in));
  }
  return in;
}

void BatchNorm::freeze_statistics() {
  frozen_ = true;
  mean_.momentum = var_.momentum = 0;
}

void BatchNorm::infer(const Tensor& x, Tensor& y, Scratch& scratch) const {
  scratch.conv.columns.resize({1, 1, 2, channels_});
  Scalar* scale = scratch.conv.columns.data();
  Scalar* shift = scale + channels_;
  // y = x * scale + shift with scale = weight / sqrt(var + eps), shift = bias - mean * scale.
  for (int j = 0; j < channels_; ++j) {
    scale[j] = weight_.value.data()[j] / std::sqrt(var_.value.data()[j] + eps_);
    shift[j] = bias_.value.data()[j] - mean_.value.data()[j] * scale[j];
  }
  kernels::scale_shift(x.data(), rows_of(x), channels_, scale, shift, y.data());
}

void BatchNorm::forward(const Tensor& x, Tensor& y, const Rng&) {
  const std::int64_t rows = rows_of(x);
  if (rows == 0) return;
  Scalar* mean = mean_.batch.data();
  Scalar* var = var_.batch.data();
  if (frozen_) {
    mean_.batch.copy_from(mean_.value);
    var_.batch.copy_from(var_.value);
  } else {
    kernels::channel_moments(x.data(), rows, channels_, mean, var);
  }
  const Scalar unbiased =
      rows > 1 && !frozen_ ? static_cast<Scalar>(rows) / static_cast<Scalar>(rows - 1) : 1;
  for (int j = 0; j < channels_; ++j) {
    const Scalar inverse = 1 / std::sqrt(var[j] + static_cast<Scalar>(eps_));
    inverse_std_.data()[j] = inverse;
    scale_.data()[j] = weight_.value.data()[j] * inverse;
    shift_.data()[j] = bias_.value.data()[j] - mean[j] * scale_.data()[j];
    var[j] *= unbiased;  // the running variance averages the unbiased one, as in PyTorch
  }
  kernels::scale_shift(x.data(), rows, channels_, scale_.data(), shift_.data(), y.data());
}

// With xhat = (x - mean) * s, s = 1 / sqrt(var + eps) and m rows (docs/backward.md):
//   dbias = sum dy,  dweight = sum dy * xhat
//   dx = weight * s * (dy - dbias / m - xhat * dweight / m)
// With frozen statistics mean and s do not depend on x: dx = weight * s * dy.
void BatchNorm::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  const std::int64_t rows = rows_of(x);
  if (rows == 0) return;
  scratch_.resize({1, 1, 5, channels_});
  Scalar* sum_dy = scratch_.data();
  Scalar* sum_dy_x = sum_dy + channels_;
  // dx = a * dy + b * x + d for each channel.
  Scalar* a = sum_dy_x + channels_;
  Scalar* b = a + channels_;
  Scalar* d = b + channels_;
  const Scalar* mean = mean_.batch.data();
  kernels::norm_sums(x.data(), dy.data(), rows, channels_, mean, sum_dy, sum_dy_x);
  for (int j = 0; j < channels_; ++j) {
    const Scalar s = inverse_std_.data()[j];
    const Scalar dweight = sum_dy_x[j] * s;
    bias_.grad.data()[j] += sum_dy[j];
    weight_.grad.data()[j] += dweight;
    a[j] = weight_.value.data()[j] * s;
    if (frozen_) {
      b[j] = d[j] = 0;
      continue;
    }
    b[j] = -a[j] * s * dweight / static_cast<Scalar>(rows);
    d[j] = -a[j] * sum_dy[j] / static_cast<Scalar>(rows) - b[j] * mean[j];
  }
  if (dx == nullptr) return;
  kernels::norm_gradient(x.data(), dy.data(), rows, channels_, a, b, d, dx->data());
}

}  // namespace fovea
