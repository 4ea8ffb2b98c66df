#pragma once

#include "engine/core/tensor.h"

namespace fovea::kernels {

// A square convolution over channels-last images. Weights are {kernel, kernel, c, out} (HWIO).
struct ConvShape {
  int h = 0, w = 0, c = 0;  // input
  int out = 0;              // output channels
  int kernel = 3, stride = 1, pad = 1;

  int out_h() const { return (h + 2 * pad - kernel) / stride + 1; }
  int out_w() const { return (w + 2 * pad - kernel) / stride + 1; }
  int depth() const { return kernel * kernel * c; }
  std::int64_t flops() const { return std::int64_t{2} * out_h() * out_w() * depth() * out; }
};

// Buffers for intermediate results. The caller keeps one per thread, so they are allocated once.
struct ConvScratch {
  Tensor padded;   // one image with its border of zeros
  Tensor packed;   // weights of the transposed convolution, in panels
  Tensor columns;  // im2col matrix; also the bias or dy widened to whole panels
};

// The functions process n images sequentially on the calling thread. The order of summation depends
// on the shape only, so results do not depend on the number of images or threads.

// Reorders weights {kernel, kernel, c, out} into the panels that the direct kernels read:
// {ceil(out / panel), kernel * kernel * c, panel}, zero-filled beyond `out`. The panel width
// depends on the instruction set, so packed weights are valid in this process only.
void pack_weights(const Scalar* weights, const ConvShape& s, Tensor& packed);

// y {n, out_h, out_w, out} = x {n, h, w, c} * weights + bias {out} (null: no bias). `packed` comes
// from pack_weights.
void conv_forward(const Scalar* x, int n, const ConvShape& s, const Scalar* packed,
                  const Scalar* bias, Scalar* y, ConvScratch& scratch);

// dx {n, h, w, c} = gradient of the loss with respect to x (overwritten), given dy {n, out_h,
// out_w, out} and weights {kernel, kernel, c, out}.
void conv_backward_input(const Scalar* dy, int n, const ConvShape& s, const Scalar* weights,
                         Scalar* dx, ConvScratch& scratch);

// dw {kernel, kernel, c, out} += gradient with respect to the weights, dbias {out} += gradient with
// respect to the bias (null: no bias).
void conv_backward_weights(const Scalar* x, const Scalar* dy, int n, const ConvShape& s, Scalar* dw,
                           Scalar* dbias, ConvScratch& scratch);

// The same three computed with im2col and matrix products (Chellapilla et al. 2006). They are the
// reference in the tests of the direct kernels and handle the shapes that those do not cover.
void conv_forward_im2col(const Scalar* x, int n, const ConvShape& s, const Scalar* weights,
                         const Scalar* bias, Scalar* y, ConvScratch& scratch);
void conv_backward_input_im2col(const Scalar* dy, int n, const ConvShape& s, const Scalar* weights,
                                Scalar* dx, ConvScratch& scratch);
void conv_backward_weights_im2col(const Scalar* x, const Scalar* dy, int n, const ConvShape& s,
                                  Scalar* dw, Scalar* dbias, ConvScratch& scratch);

// sum {width} += every row of rows {count, width}. With rows = dy this is the gradient of a bias.
void add_rows(const Scalar* rows, std::int64_t count, int width, Scalar* sum);

}  // namespace fovea::kernels
