#pragma once

// The depthwise kernels, compiled once per instruction set (depthwise_isa.cpp) and selected at
// start-up. No inline functions here, see direct_conv.h.

#include "engine/core/scalar.h"
#include "engine/kernels/output_range.h"

namespace fovea::kernels {

// The sizes of one depthwise convolution: input {h, w, c}, output {out_h, out_w, c}, rows and
// columns of zeros before the image.
struct DepthwiseSizes {
  int h, w, c;
  int out_h, out_w;
  int kernel, stride;
  int top, left;
};

// Each function processes one image; `weights` and `dw` are {kernel, kernel, c}.
struct DepthwiseKernels {
  const char* name;  // "baseline", "avx2", "avx512"
  // y = x * weights + bias {c} (null: zero), limited to the range.
  void (*forward)(const Scalar* x, const DepthwiseSizes* s, const Scalar* weights,
                  const Scalar* bias, const OutputRange* range, Scalar* y);
  // dx (overwritten) from dy.
  void (*backward_input)(const Scalar* dy, const DepthwiseSizes* s, const Scalar* weights,
                         Scalar* dx);
  // dw += the gradient of the weights.
  void (*backward_weights)(const Scalar* x, const DepthwiseSizes* s, const Scalar* dy, Scalar* dw);
};

// The kernels that this CPU can run, fastest first. Never empty.
struct DepthwiseKernelList {
  const DepthwiseKernels* items[3];
  int count;
};
DepthwiseKernelList depthwise_kernels();

}  // namespace fovea::kernels
