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

// Memory the functions below need; kept by the caller, one per thread.
struct ConvScratch {
  Tensor padded;
  Tensor packed;
  Tensor columns;
};

// Everything here computes n images one after the other on the calling thread and accumulates each
// output in an order that depends on the shape alone, so results do not depend on n or on threads.

// Weights in the order the direct kernels read them. Valid for the machine it was made on.
void pack_weights(const Scalar* weights, const ConvShape& s, Tensor& packed);

// y {n, out_h, out_w, out} = x {n, h, w, c} * weights + bias (null: none). `packed` by
// pack_weights.
void conv_forward(const Scalar* x, int n, const ConvShape& s, const Scalar* packed,
                  const Scalar* bias, Scalar* y, ConvScratch& scratch);

// dx {n, h, w, c} = gradient with respect to x (overwritten).
void conv_backward_input(const Scalar* dy, int n, const ConvShape& s, const Scalar* weights,
                         Scalar* dx, ConvScratch& scratch);

// dw += gradient with respect to the weights, dbias += that of the bias (null: none).
void conv_backward_weights(const Scalar* x, const Scalar* dy, int n, const ConvShape& s, Scalar* dw,
                           Scalar* dbias, ConvScratch& scratch);

// The same three by im2col and matrix products (Eigen): the plain form that the direct kernels are
// tested against, and what serves the shapes they do not cover.
void conv_forward_im2col(const Scalar* x, int n, const ConvShape& s, const Scalar* weights,
                         const Scalar* bias, Scalar* y, ConvScratch& scratch);
void conv_backward_input_im2col(const Scalar* dy, int n, const ConvShape& s, const Scalar* weights,
                                Scalar* dx, ConvScratch& scratch);
void conv_backward_weights_im2col(const Scalar* x, const Scalar* dy, int n, const ConvShape& s,
                                  Scalar* dw, Scalar* dbias, ConvScratch& scratch);

// sum {width} += every row of rows {count, width}: the gradient of a bias.
void add_rows(const Scalar* rows, std::int64_t count, int width, Scalar* sum);

}  // namespace fovea::kernels
