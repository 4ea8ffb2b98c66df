#include "engine/nn/activation.h"

#include <cmath>

#include "engine/kernels/elementwise.h"

namespace fovea {
namespace {

void gelu(const Tensor& x, Tensor& y) {
  constexpr Scalar kInverseRoot2 = static_cast<Scalar>(0.70710678118654752);
  // Phi(v) = (1 + erf(v / sqrt 2)) / 2
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const Scalar v = x.data()[i];
    y.data()[i] = v / 2 * (1 + std::erf(v * kInverseRoot2));
  }
}

void rectify(kernels::Activation kind, const Tensor& x, Tensor& y) {
  const bool capped = kind == kernels::Activation::relu6;
  (capped ? kernels::relu6 : kernels::relu)(x.data(), x.size(), y.data());
}

}  // namespace

void Relu::infer(const Tensor& x, Tensor& y, Scratch&) const {
  rectify(activation(), x, y);
}

void Relu::forward(const Tensor& x, Tensor& y, const Rng&) {
  rectify(activation(), x, y);
}

void Relu::backward(const Tensor&, const Tensor& y, const Tensor& dy, Tensor* dx) {
  if (dx == nullptr) return;
  const bool capped = activation() == kernels::Activation::relu6;
  (capped ? kernels::relu6_backward : kernels::relu_backward)(y.data(), dy.data(), y.size(),
                                                              dx->data());
}

void Gelu::infer(const Tensor& x, Tensor& y, Scratch&) const {
  gelu(x, y);
}

void Gelu::forward(const Tensor& x, Tensor& y, const Rng&) {
  gelu(x, y);
}

// d/dx x Phi(x) = Phi(x) + x phi(x) with phi the normal density.
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
