#pragma once

#include <cstdint>

#include "engine/core/scalar.h"

namespace fovea::kernels {

// Mean {c} and biased variance {c} of each channel of x {rows, c}. The order of summation depends
// on `rows` only. REQUIRES: rows > 0
void channel_moments(const Scalar* x, std::int64_t rows, int c, Scalar* mean, Scalar* var);

// y {rows, c} = x * scale {c} + shift {c}; y may be x.
void scale_shift(const Scalar* x, std::int64_t rows, int c, const Scalar* scale,
                 const Scalar* shift, Scalar* y);

// The two sums of the backward pass of batch normalisation, over the rows of x and dy {rows, c}:
// sum_dy {c} = sum of dy, sum_dy_x {c} = sum of dy * (x - mean).
void norm_sums(const Scalar* x, const Scalar* dy, std::int64_t rows, int c, const Scalar* mean,
               Scalar* sum_dy, Scalar* sum_dy_x);

// dx {rows, c} = dy * a {c} + x * b {c} + d {c}; dx may be dy. The caller (engine/nn/batch_norm)
// computes a, b and d from those sums.
void norm_gradient(const Scalar* x, const Scalar* dy, std::int64_t rows, int c, const Scalar* a,
                   const Scalar* b, const Scalar* d, Scalar* dx);

}  // namespace fovea::kernels
