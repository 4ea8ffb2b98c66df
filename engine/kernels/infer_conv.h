#pragma once

#include "engine/kernels/conv.h"
#include "engine/kernels/panel.h"

namespace fovea::kernels {

// Convolutions of trained networks: weights reordered once, bias, activation and residual added
// before a result is stored, one image split over threads. Results do not depend on the number of
// threads or images.

// The fastest kernels that this CPU can run.
const PanelKernels& selected_panel_kernels();

// A matrix {depth, out} in panels of two vectors of columns; the last panel may have one vector.
// Valid in this process only.
struct PackedMatrix {
  const PanelKernels* kernels = nullptr;
  int depth = 0, out = 0;
  Tensor weights;  // {panels, depth, width}, zero beyond `out`
  Tensor bias;     // {panels, width}

  bool empty() const { return weights.empty(); }
  int panel_width() const { return 2 * kernels->lanes; }
  int panels() const { return (out + panel_width() - 1) / panel_width(); }
  int channels(int panel) const;  // columns of a panel, and the vectors that hold them
  int vectors(int panel) const { return channels(panel) > kernels->lanes ? 2 : 1; }
};
// `weights` {depth, out}, `bias` {out} (null: zero).
PackedMatrix pack_matrix(const Scalar* weights, const Scalar* bias, int depth, int out,
                         const PanelKernels& kernels = selected_panel_kernels());

// The fields of a product that depend on the panel only; the caller sets the others.
PanelProduct panel_product(const PackedMatrix& matrix, int panel, Activation activation);

// y {n, out_h, out_w, out} = activation(x {n, h, w, c} * weights + bias) + add (null: nothing;
// else as y). `matrix` was packed from weights {kernel, kernel, c, out}.
void conv_infer(const Scalar* x, int n, const ConvShape& s, const PackedMatrix& matrix,
                Activation activation, const Scalar* add, Scalar* y, ConvScratch& scratch,
                int threads);

// Fetches numbers into the second-level cache of this core in their order: another core may have
// written them, and the products, which read several rows at a time, would wait for each line.
void prefetch(const Scalar* numbers, std::int64_t count);
// The same for numbers that this core will write and another one has read.
void prefetch_to_write(Scalar* numbers, std::int64_t count);

// The rows of a matrix product whose left operand consists of `segments` stretches of `depth`
// numbers in each row.
struct ProductRows {
  const Scalar* a;
  long row, segment;  // numbers between neighbouring rows and segments
  int segments, depth;
  int rows;
  // The first row of the matrix that is multiplied. If it is not 0, the bias is not added, so that
  // the products of parts of the matrix can be summed.
  int first = 0;
};
// Rows begin <= i < end of y {rows, out} = activation(a * matrix + bias) + add. Where `a` is wider
// than the matrix is high, the rest of the last segment is ignored.
void product_rows(const ProductRows& a, const PackedMatrix& matrix, Activation activation,
                  const Scalar* add, Scalar* y, int begin, int end);
// All rows.
void product_infer(const ProductRows& a, const PackedMatrix& matrix, Activation activation,
                   const Scalar* add, Scalar* y, int threads);

}  // namespace fovea::kernels
