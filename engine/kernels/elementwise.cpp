#include "engine/kernels/elementwise.h"

#include <cmath>

#include "engine/core/multiarch.h"

namespace fovea::kernels {

FOVEA_MULTIARCH
void relu(const Scalar* x, std::int64_t n, Scalar* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] > 0 ? x[i] : 0;
}

FOVEA_MULTIARCH
void relu_backward(const Scalar* y, const Scalar* dy, std::int64_t n, Scalar* dx) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] = y[i] > 0 ? dy[i] : 0;
}

FOVEA_MULTIARCH
void relu6(const Scalar* x, std::int64_t n, Scalar* y) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Scalar above = x[i] > 0 ? x[i] : 0;
    y[i] = above < 6 ? above : 6;
  }
}

FOVEA_MULTIARCH
void relu6_backward(const Scalar* y, const Scalar* dy, std::int64_t n, Scalar* dx) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] = y[i] > 0 && y[i] < 6 ? dy[i] : 0;
}

FOVEA_MULTIARCH
void masked_scale(const Scalar* x, const std::uint32_t* mask, std::int64_t n, Scalar scale,
                  Scalar* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = mask[i] != 0 ? x[i] * scale : 0;
}

FOVEA_MULTIARCH
void add(const Scalar* __restrict x, std::int64_t n, Scalar* __restrict sum) {
  for (std::int64_t i = 0; i < n; ++i) sum[i] += x[i];
}

FOVEA_MULTIARCH
void move_towards(const Scalar* __restrict x, std::int64_t n, Scalar weight,
                  Scalar* __restrict average) {
  for (std::int64_t i = 0; i < n; ++i) average[i] += weight * (x[i] - average[i]);
}

FOVEA_MULTIARCH
void sgd_step(const SgdStep& step, const Scalar* __restrict grad, std::int64_t n,
              Scalar* __restrict value, Scalar* __restrict velocity) {
  const auto [lr, momentum, decay] = step;
  for (std::int64_t i = 0; i < n; ++i) {
    const Scalar g = grad[i] + decay * value[i];
    velocity[i] = momentum * velocity[i] + g;
    value[i] -= lr * (g + momentum * velocity[i]);
  }
}

FOVEA_MULTIARCH
void adam_step(const AdamStep& step, const Scalar* __restrict grad, std::int64_t n,
               Scalar* __restrict value, Scalar* __restrict m, Scalar* __restrict v) {
  const auto [rate, root, shrink, coupled_decay, beta1, beta2, eps] = step;
  for (std::int64_t i = 0; i < n; ++i) {
    const Scalar g = grad[i] + coupled_decay * value[i];
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    value[i] = shrink * value[i] - rate * m[i] / (std::sqrt(v[i]) * root + eps);
  }
}

}  // namespace fovea::kernels
