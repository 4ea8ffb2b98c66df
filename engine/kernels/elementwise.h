#pragma once

#include <cstdint>

#include "engine/core/scalar.h"

// Loops over arrays of n numbers on the calling thread. Arrays must not overlap, except where a
// comment allows it.
namespace fovea::kernels {

// y = max(x, 0); y may be x.
void relu(const Scalar* x, std::int64_t n, Scalar* y);
// dx = dy where y > 0, else 0; dx may be dy.
void relu_backward(const Scalar* y, const Scalar* dy, std::int64_t n, Scalar* dx);
// y = min(max(x, 0), 6); y may be x.
void relu6(const Scalar* x, std::int64_t n, Scalar* y);
// dx = dy where 0 < y < 6, else 0; dx may be dy.
void relu6_backward(const Scalar* y, const Scalar* dy, std::int64_t n, Scalar* dx);

// y = x * scale where mask is not 0, else 0; y may be x.
void masked_scale(const Scalar* x, const std::uint32_t* mask, std::int64_t n, Scalar scale,
                  Scalar* y);

// sum += x
void add(const Scalar* x, std::int64_t n, Scalar* sum);
// average += weight * (x - average)
void move_towards(const Scalar* x, std::int64_t n, Scalar weight, Scalar* average);

// One step of SGD with Nesterov momentum (Sutskever et al. 2013, in PyTorch's form):
//   g = grad + decay * value;  velocity = momentum * velocity + g
//   value -= lr * (g + momentum * velocity)
struct SgdStep {
  Scalar lr, momentum, decay;
};
void sgd_step(const SgdStep& step, const Scalar* grad, std::int64_t n, Scalar* value,
              Scalar* velocity);

// One step of Adam (Kingma and Ba 2015, algorithm 1) or AdamW (Loshchilov and Hutter 2019):
//   g = grad + coupled_decay * value
//   m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
//   value = shrink * value - rate * m / (sqrt(v) * root + eps)
// with rate = lr / (1 - beta1^t) and root = 1 / sqrt(1 - beta2^t). Adam: shrink = 1; AdamW:
// coupled_decay = 0, shrink = 1 - lr * decay.
struct AdamStep {
  Scalar rate, root, shrink, coupled_decay;
  Scalar beta1, beta2, eps;
};
void adam_step(const AdamStep& step, const Scalar* grad, std::int64_t n, Scalar* value, Scalar* m,
               Scalar* v);

}  // namespace fovea::kernels
