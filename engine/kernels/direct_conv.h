#pragma once

// The direct convolution kernels, compiled once per instruction set (direct_conv_isa.cpp) and
// selected at start-up. Files compiled for AVX-512 include this header, so it must not define
// inline functions: the linker may keep the AVX-512 copy, which other CPUs cannot run.

#include "engine/core/scalar.h"
#include "engine/kernels/output_range.h"

namespace fovea::kernels {

// The sizes of one convolution. The input is already padded: its rows have padded_w * c numbers.
struct DirectShape {
  int padded_w, c;
  int out_h, out_w, out;
  int kernel, stride;
};

struct DirectKernels {
  const char* name;  // "baseline", "avx2", "avx512"
  int panel;         // output channels computed together: the width of a panel of packed weights
  // y {out_h, out_w, out} = one padded image * packed {panels, kernel * kernel * c, panel} + bias
  // {panels * panel} (null: zero), limited to the range.
  void (*forward)(const Scalar* padded, const DirectShape* s, const Scalar* packed,
                  const Scalar* bias, const OutputRange* range, Scalar* y);
  // dw {kernel * kernel * c, out} += one padded image^T * dy {out_h, out_w, dy_stride}, where
  // dy_stride is `out` rounded up to whole panels and the extra channels are zero.
  void (*backward_weights)(const Scalar* padded, const DirectShape* s, const Scalar* dy,
                           int dy_stride, Scalar* dw);
};

// The kernels that this CPU can run (engine/core/cpu.h), fastest first. Never empty: the baseline
// always runs.
struct DirectKernelList {
  const DirectKernels* items[3];
  int count;
};
DirectKernelList direct_kernels();

}  // namespace fovea::kernels
