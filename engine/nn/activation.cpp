#include "engine/nn/activation.h"

#include <cmath>

namespace fovea {
namespace {

void relu(const Tensor& x, Tensor& y) {
  const Scalar* from = x.data();
  Scalar* to = y.data();
  const std::int64_t size = x.size();
  for (std::int64_t i = 0; i < size; ++i) to[i] = from[i] > 0 ? from[i] : 0;
}

void gelu(const Tensor& x, Tensor& y) {
  constexpr Scalar kInverseRoot2 = static_cast<Scalar>(0.70710678118654752);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const Scalar v = x.data()[i];
    y.data()[i] = v / 2 * (1 + std::erf(v * kInverseRoot2));
  }
}

}  // namespace

void Relu::infer(const Tensor& x, Tensor& y, Scratch&) const {
  relu(x, y);
}

void Relu::forward(const Tensor& x, Tensor& y, const Rng&) {
  relu(x, y);
}

void Relu::backward(const Tensor&, const Tensor& y, const Tensor& dy, Tensor* dx) {
  if (dx == nullptr) return;
  const Scalar* out = y.data();
  const Scalar* from = dy.data();
  Scalar* to = dx->data();
  const std::int64_t size = y.size();
  for (std::int64_t i = 0; i < size; ++i) to[i] = out[i] > 0 ? from[i] : 0;
}

void Gelu::infer(const Tensor& x, Tensor& y, Scratch&) const {
  gelu(x, y);
}

void Gelu::forward(const Tensor& x, Tensor& y, const Rng&) {
  gelu(x, y);
}

// d/dx x Phi(x) = Phi(x) + x phi(x), phi the normal density.
void Gelu::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  if (dx == nullptr) return;
  constexpr Scalar kInverseRoot2 = static_cast<Scalar>(0.70710678118654752);
  constexpr Scalar kInverseRoot2Pi = static_cast<Scalar>(0.39894228040143268);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const Scalar v = x.data()[i];
    const Scalar cumulative = (1 + std::erf(v * kInverseRoot2)) / 2;
    const Scalar density = kInverseRoot2Pi * std::exp(-v * v / 2);
    dx->data()[i] = dy.data()[i] * (cumulative + v * density);
  }
}

}  // namespace fovea
