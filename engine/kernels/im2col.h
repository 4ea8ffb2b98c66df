#pragma once

#include "engine/kernels/conv.h"

namespace fovea::kernels {

// columns {out_h * out_w, kernel * kernel * c} of one image x {h, w, c}. Row p is the input patch
// of output pixel p, with zeros outside the image.
void im2col(const Scalar* x, const ConvShape& s, Scalar* columns);

// The transpose of im2col: dx {h, w, c} (overwritten) = for each pixel, the sum of all entries of
// columns that im2col copies from it.
void col2im(const Scalar* columns, const ConvShape& s, Scalar* dx);

// padded {h + pad.height(), w + pad.width(), c} = x {h, w, c} with a border of zeros.
void pad_image(const Scalar* x, int h, int w, int c, const Padding& pad, Scalar* padded);

}  // namespace fovea::kernels
