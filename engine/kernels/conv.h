#pragma once

#include <vector>

#include "engine/core/tensor.h"
#include "engine/kernels/output_range.h"

namespace fovea::kernels {

// Rows and columns of zeros around an image.
struct Padding {
  constexpr Padding(int each_side = 0)  // NOLINT(google-explicit-constructor): the usual case
      : top(each_side), bottom(each_side), left(each_side), right(each_side) {}
  constexpr Padding(int t, int b, int l, int r) : top(t), bottom(b), left(l), right(r) {}
  int top, bottom, left, right;

  int height() const { return top + bottom; }
  int width() const { return left + right; }
  bool empty() const { return height() == 0 && width() == 0; }
  // Of the convolution with rotated weights that computes the input gradient of one with this
  // padding and stride 1 (docs/backward.md).
  Padding transposed(int kernel) const {
    return {kernel - 1 - top, kernel - 1 - bottom, kernel - 1 - left, kernel - 1 - right};
  }
};

// TensorFlow's padding "SAME": ceil(h / stride) x ceil(w / stride) outputs. Of an odd number of
// rows or columns, the larger half is at the bottom or on the right:
//   total = max((ceil(side / stride) - 1) * stride + kernel - side, 0),  before = floor(total / 2)
// REQUIRES: all arguments >= 1
Padding same_padding(int h, int w, int kernel, int stride);

// A square convolution over channels-last images. Weights are {kernel, kernel, c, out} (HWIO).
struct ConvShape {
  int h = 0, w = 0, c = 0;  // input
  int out = 0;              // output channels
  int kernel = 3, stride = 1;
  Padding pad = 1;

  int padded_h() const { return h + pad.height(); }
  int padded_w() const { return w + pad.width(); }
  int out_h() const { return (padded_h() - kernel) / stride + 1; }
  int out_w() const { return (padded_w() - kernel) / stride + 1; }
  int depth() const { return kernel * kernel * c; }
  std::int64_t flops() const { return std::int64_t{2} * out_h() * out_w() * depth() * out; }
};

// A 1x1 convolution without stride and padding: a matrix product of the pixels.
bool is_pointwise(const ConvShape& s);

// Buffers for intermediate results. The caller keeps one per thread, so they are allocated once.
struct ConvScratch {
  Tensor padded;   // one image with its border of zeros
  Tensor packed;   // weights of the transposed convolution, in panels
  Tensor columns;  // im2col matrix; also the bias or dy widened to whole panels
  // Of inverted_residual_infer: the results of the depthwise convolution, and for each thread some
  // rows of its input; a part of the sum.
  Tensor depthwise, partial;
  struct alignas(64) Band {  // not in the cache line of another thread
    Tensor rows;
  };
  std::vector<Band> bands;
};

// `image` {h, w, c} with its border of zeros: the image itself, or scratch.padded.
const Scalar* padded_image(const Scalar* image, const ConvShape& s, ConvScratch& scratch,
                           int threads);

// The functions process n images sequentially on the calling thread. The order of summation depends
// on the shape only, that of weight gradients also on n, so results do not depend on the threads.

// Reorders weights {kernel, kernel, c, out} into the panels that the direct kernels read:
// {ceil(out / panel), kernel * kernel * c, panel}, zero-filled beyond `out`. The panel width
// depends on the instruction set, so packed weights are valid in this process only.
void pack_weights(const Scalar* weights, const ConvShape& s, Tensor& packed);

// y {n, out_h, out_w, out} = activation(x {n, h, w, c} * weights + bias {out}) (null: no bias).
// `packed` comes from pack_weights. A 1x1 convolution without stride and padding is computed as one
// matrix product {h * w, c} x {c, out} per image.
void conv_forward(const Scalar* x, int n, const ConvShape& s, const Scalar* packed,
                  const Scalar* bias, Scalar* y, ConvScratch& scratch,
                  Activation activation = Activation::none);

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
