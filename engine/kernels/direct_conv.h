#pragma once

// The direct convolution kernels, built once per instruction set (direct_conv_isa.cpp) and chosen
// at start-up. This header is included by files compiled for AVX-512, so it must hold no inline
// function: the linker could keep the AVX-512 copy of one, which a machine without it cannot run.

#include "engine/core/scalar.h"

namespace fovea::kernels {

// Sizes a kernel needs. The input is already padded: rows of padded_w * c numbers.
struct DirectShape {
  int padded_w, c;
  int out_h, out_w, out;
  int kernel, stride;
};

struct DirectKernels {
  const char* name;  // "baseline", "avx2", "avx512"
  int panel;         // output channels computed together; packed weights come in panels of it
  // y {out_h, out_w, out} = one padded image * packed {panels, kernel * kernel * c, panel} + bias
  // {panels * panel} (null: zero).
  void (*forward)(const Scalar* padded, const DirectShape* s, const Scalar* packed,
                  const Scalar* bias, Scalar* y);
  // dw {kernel * kernel * c, out} += one padded image^T * dy {out_h, out_w, dy_stride}, where
  // dy_stride is `out` rounded up to whole panels and the extra channels are zero.
  void (*backward_weights)(const Scalar* padded, const DirectShape* s, const Scalar* dy,
                           int dy_stride, Scalar* dw);
};

// All that this machine can run (engine/core/cpu.h), the best first; at least the baseline.
struct DirectKernelList {
  const DirectKernels* items[3];
  int count;
};
DirectKernelList direct_kernels();

}  // namespace fovea::kernels
