#pragma once

// The kernels of inference, compiled once per instruction set (panel_isa.cpp) and selected at
// start-up. They compute one panel at a time: one or two vectors of neighbouring output channels.
// No inline functions here, see direct_conv.h.

#include "engine/core/scalar.h"
#include "engine/kernels/output_range.h"

namespace fovea::kernels {

// y[i, j] = range(bias[j] + sum over segments s and k < depth of
//                 a[i * a_row + s * a_segment + k] * weights[s * depth + k, j]) + add[i, j]
// for i < rows and j < channels. The terms are added in the order of s and k.
// Row i is stored at y + i * y_row + (i / line) * y_gap: a gap after every `line` rows.
struct PanelProduct {
  const Scalar* a;
  long a_row, a_segment;
  int segments, depth, last_depth;  // the last segment has last_depth numbers
  const Scalar* weights;            // {(segments - 1) * depth + last_depth, vectors * lanes}
  const Scalar* next;               // weights that are needed soon, to be fetched into the cache
  const Scalar* bias;               // {vectors * lanes}; null: zero
  OutputRange range;
  int vectors;   // 1 or 2
  int channels;  // 1 <= channels <= vectors * lanes
  int rows, line;
  Scalar* y;
  long y_row, y_gap;
  const Scalar* add;  // null, or laid out as y
};

// A depthwise convolution of a panel, of which all rows and columns exist, those of the padding
// too: y[r, c, j] = range(bias[j] + sum over kh, kw of
//                x[r * stride + kh, c * stride + kw, j] * weights[kh, kw, j])
struct PanelDepthwise {
  const Scalar* x;  // {rows, x_row / width, width} with width = vectors * lanes
  long x_row;       // numbers of a row
  const Scalar* weights;
  const Scalar* bias;
  OutputRange range;
  int kernel, stride;  // 3 or 5, 1 or 2
  int vectors;
  int rows, columns;  // of y
  Scalar* y;
  long y_pixel, y_line;  // numbers between neighbouring columns and rows
};

struct PanelKernels {
  const char* name;  // "baseline", "avx2", "avx512"
  int lanes;         // numbers of a vector
  void (*product)(const PanelProduct* p);
  void (*depthwise)(const PanelDepthwise* p);
};

// The kernels that this CPU can run (engine/core/cpu.h), fastest first. Never empty.
struct PanelKernelList {
  const PanelKernels* items[3];
  int count;
};
PanelKernelList panel_kernels();

}  // namespace fovea::kernels
