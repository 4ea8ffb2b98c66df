#pragma once

#include "engine/kernels/conv.h"

namespace fovea::kernels {

// A square depthwise convolution over channels-last images: each channel has its own filter and
// does not read the others (Howard et al. 2017, section 3.1):
//   y[oy, ox, j] = bias[j] + sum over kh, kw of
//                  x[oy * stride + kh - pad.top, ox * stride + kw - pad.left, j] * w[kh, kw, j]
// Weights are {kernel, kernel, c}.
struct DepthwiseShape {
  int h = 0, w = 0, c = 0;  // input; the output has the same number of channels
  int kernel = 3, stride = 1;
  Padding pad = 1;

  int out_h() const { return (h + pad.height() - kernel) / stride + 1; }
  int out_w() const { return (w + pad.width() - kernel) / stride + 1; }
  int taps() const { return kernel * kernel; }
  std::int64_t flops() const { return std::int64_t{2} * out_h() * out_w() * taps() * c; }
};

// The functions process n images sequentially on the calling thread, without a padded copy. The
// order of summation depends on the shape only. Kernels 3 and 5 with stride 1 and 2 have versions
// of their size; other sizes are slower.

// y {n, out_h, out_w, c} = activation(depthwise convolution of x {n, h, w, c}), with `weights`
// {kernel, kernel, c} and `bias` {c} (null: no bias).
void depthwise_forward(const Scalar* x, int n, const DepthwiseShape& s, const Scalar* weights,
                       const Scalar* bias, Scalar* y, Activation activation = Activation::none);

// dx {n, h, w, c} = gradient of the loss with respect to x (overwritten), given dy {n, out_h,
// out_w, c}. `scratch` holds the rotated weights.
void depthwise_backward_input(const Scalar* dy, int n, const DepthwiseShape& s,
                              const Scalar* weights, Scalar* dx, ConvScratch& scratch);

// dw {kernel, kernel, c} += gradient with respect to the weights, dbias {c} += gradient with
// respect to the bias (null: no bias).
void depthwise_backward_weights(const Scalar* x, const Scalar* dy, int n, const DepthwiseShape& s,
                                Scalar* dw, Scalar* dbias);

}  // namespace fovea::kernels
