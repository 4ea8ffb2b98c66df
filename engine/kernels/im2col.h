#pragma once

#include "engine/kernels/conv.h"

namespace fovea::kernels {

// columns {out_h * out_w, kernel * kernel * c}: row p holds the input patch of output pixel p,
// zeros where the patch leaves the image. One image.
void im2col(const Scalar* x, const ConvShape& s, Scalar* columns);

// The transpose: adds every column entry back to the input pixel it came from; dx is overwritten.
void col2im(const Scalar* columns, const ConvShape& s, Scalar* dx);

// {h + 2 * pad, w + 2 * pad, c}: the image with a border of zeros.
void pad_image(const Scalar* x, int h, int w, int c, int pad, Scalar* padded);

}  // namespace fovea::kernels
