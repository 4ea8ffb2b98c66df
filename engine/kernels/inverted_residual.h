#pragma once

#include "engine/kernels/depthwise.h"
#include "engine/kernels/infer_conv.h"

namespace fovea::kernels {

// Inference with the block of mobile networks (Sandler et al. 2018) as one kernel: a convolution
// that widens the image, mostly 1x1, a depthwise convolution, a 1x1 convolution that narrows it.
// The wide image is computed for one panel of channels and some rows at a time, which the depthwise
// convolution reads from the cache. The results are those of the three convolutions.
struct InvertedResidualShape {
  ConvShape first;           // its output is the input of `depthwise`
  DepthwiseShape depthwise;  // kernel 3 or 5, stride 1 or 2
  int out = 0;

  int pixels() const { return depthwise.out_h() * depthwise.out_w(); }
};

struct InvertedResidualWeights {
  PackedMatrix first;
  Tensor depthwise, depthwise_bias;  // {panels, kernel * kernel, width}, {panels, width}
  PackedMatrix last;
  Activation first_activation = Activation::none, depthwise_activation = Activation::none;
};

// Weights {kernel, kernel, c} and bias {c} (null: zero) of the depthwise convolution, in panels of
// the channels of weights.first, which must be set.
void pack_depthwise(const Scalar* weights, const Scalar* bias, int taps,
                    InvertedResidualWeights& packed);

// y {n, out_h, out_w, out} = activation(block(x {n, h, w, c})) + add (null: nothing; else as y).
void inverted_residual_infer(const Scalar* x, int n, const InvertedResidualShape& s,
                             const InvertedResidualWeights& weights, Activation activation,
                             const Scalar* add, Scalar* y, ConvScratch& scratch, int threads);

}  // namespace fovea::kernels
