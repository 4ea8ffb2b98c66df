#pragma once

#include <cstdint>

#include "engine/core/scalar.h"
#include "engine/core/shape.h"

namespace fovea::kernels {

// y {n, h / size, w / size, c} = maxima of the size x size windows of x {n, h, w, c}. argmax (same
// shape as y; may be null) = row * size + column of the first maximum in the window. Rows and
// columns that do not fill a window are ignored. REQUIRES: size <= 15
void max_pool(const Scalar* x, const Shape& in, int size, Scalar* y, std::uint8_t* argmax);
// dx {n, h, w, c} = dy at the maxima, 0 elsewhere.
void max_pool_backward(const Scalar* dy, const std::uint8_t* argmax, const Shape& in, int size,
                       Scalar* dx);

// y {n, 1, 1, c} = mean of x {n, h, w, c} over the pixels.
void global_avg_pool(const Scalar* x, const Shape& in, Scalar* y);
void global_avg_pool_backward(const Scalar* dy, const Shape& in, Scalar* dx);
// y {n, 1, 1, c} = maximum of x {n, h, w, c} over the pixels. argmax {n, 1, 1, c} (may be null) =
// index of the first pixel with the maximum, row * w + column.
void global_max_pool(const Scalar* x, const Shape& in, Scalar* y, std::int32_t* argmax);
void global_max_pool_backward(const Scalar* dy, const std::int32_t* argmax, const Shape& in,
                              Scalar* dx);

}  // namespace fovea::kernels
