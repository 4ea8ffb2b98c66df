#pragma once

#include <cstdint>

#include "engine/core/scalar.h"
#include "engine/core/shape.h"

namespace fovea::kernels {

// y {n, h / size, w / size, c} = maxima of the size x size windows of x {n, h, w, c}; winner (same
// shape as y, null: not wanted) = row * size + column of the first maximum. REQUIRES: size <= 15
void max_pool(const Scalar* x, const Shape& in, int size, Scalar* y, std::uint8_t* winner);
// dx {n, h, w, c} = dy at the winners, 0 elsewhere.
void max_pool_backward(const Scalar* dy, const std::uint8_t* winner, const Shape& in, int size,
                       Scalar* dx);

// {n, h, w, c} -> {n, 1, 1, c}.
void global_avg_pool(const Scalar* x, const Shape& in, Scalar* y);
void global_avg_pool_backward(const Scalar* dy, const Shape& in, Scalar* dx);
// winner {n, 1, 1, c} (null: not wanted) = index of the first pixel that holds the maximum.
void global_max_pool(const Scalar* x, const Shape& in, Scalar* y, std::int32_t* winner);
void global_max_pool_backward(const Scalar* dy, const std::int32_t* winner, const Shape& in,
                              Scalar* dx);

}  // namespace fovea::kernels
