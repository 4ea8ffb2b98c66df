#include "engine/kernels/infer_conv.h"

#include <algorithm>

#include "engine/core/parallel.h"
#include "engine/kernels/im2col.h"

namespace fovea::kernels {
namespace {

// Rows of a product that are computed with one panel before the next: about 128 KiB of the left
// operand, so that it stays in the cache of a core.
constexpr int kChunkNumbers = 32 * 1024;
constexpr int kChunkRows = 84;  // a multiple of the tiles of all instruction sets

int chunk_rows(int depth) {
  return std::max(1, kChunkNumbers / depth / kChunkRows) * kChunkRows;
}

// Rows begin <= i < end of the panels first <= panel < last.
void product_part(const ProductRows& a, const PackedMatrix& matrix, Activation activation,
                  const Scalar* add, Scalar* y, int begin, int end, int first, int last) {
  const int step = chunk_rows(a.segments * a.depth);
  for (int row = begin; row < end; row += step) {
    for (int panel = first; panel < last; ++panel) {
      PanelProduct p = panel_product(matrix, panel, activation);
      p.a = a.a + row * a.row;
      p.a_row = a.row;
      p.a_segment = a.segment;
      p.segments = a.segments;
      p.depth = a.depth;
      p.last_depth = std::min(a.depth, matrix.depth - a.first - (a.segments - 1) * a.depth);
      if (a.first > 0) {
        p.weights += long{a.first} * p.vectors * matrix.kernels->lanes;
        p.next += long{a.first} * p.vectors * matrix.kernels->lanes;
        p.bias = nullptr;
      }
      p.rows = p.line = std::min(step, end - row);
      const long at = long{row} * matrix.out + panel * matrix.panel_width();
      p.y = y + at;
      p.y_row = matrix.out;
      p.y_gap = 0;
      p.add = add == nullptr ? nullptr : add + at;
      matrix.kernels->product(&p);
    }
  }
}

// A convolution of one padded image, output rows begin <= oy < end.
void padded_rows(const Scalar* padded, const ConvShape& s, const PackedMatrix& matrix,
                 Activation activation, const Scalar* add, Scalar* y, int begin, int end) {
  for (int panel = 0; panel < matrix.panels(); ++panel) {
    PanelProduct p = panel_product(matrix, panel, activation);
    p.a_row = long{s.stride} * s.c;
    p.a_segment = long{s.padded_w()} * s.c;
    p.segments = s.kernel;
    p.depth = p.last_depth = s.kernel * s.c;
    p.rows = p.line = s.out_w();
    p.y_row = s.out;
    p.y_gap = 0;
    for (int oy = begin; oy < end; ++oy) {
      const long at = long{oy} * s.out_w() * s.out + panel * matrix.panel_width();
      p.a = padded + oy * s.stride * p.a_segment;
      p.y = y + at;
      p.add = add == nullptr ? nullptr : add + at;
      matrix.kernels->product(&p);
    }
  }
}

}  // namespace

const PanelKernels& selected_panel_kernels() {
  static const PanelKernels& kernels = *panel_kernels().items[0];
  return kernels;
}

int PackedMatrix::channels(int panel) const {
  return std::min(panel_width(), out - panel * panel_width());
}

PackedMatrix pack_matrix(const Scalar* weights, const Scalar* bias, int depth, int out,
                         const PanelKernels& kernels) {
  PackedMatrix matrix{&kernels, depth, out, {}, {}};
  const int lanes = kernels.lanes, columns = (out + lanes - 1) / lanes * lanes;
  matrix.weights = Tensor({1, 1, depth, columns});
  matrix.bias = Tensor({1, 1, 1, columns});
  if (bias != nullptr) std::copy_n(bias, out, matrix.bias.data());
  Scalar* target = matrix.weights.data();
  for (int panel = 0; panel < matrix.panels(); ++panel) {
    const Scalar* source = weights + std::int64_t{panel} * matrix.panel_width();
    for (int k = 0; k < depth; ++k, target += matrix.vectors(panel) * lanes) {
      std::copy_n(source + std::int64_t{k} * out, matrix.channels(panel), target);
    }
  }
  return matrix;
}

PanelProduct panel_product(const PackedMatrix& matrix, int panel, Activation activation) {
  PanelProduct p{};
  const std::int64_t first = std::int64_t{panel} * matrix.panel_width();
  p.weights = matrix.weights.data() + first * matrix.depth;
  p.next = panel + 1 < matrix.panels()
               ? p.weights + std::int64_t{matrix.panel_width()} * matrix.depth
               : p.weights;
  p.bias = matrix.bias.data() + first;
  p.range = output_range(activation);
  p.vectors = matrix.vectors(panel);
  p.channels = matrix.channels(panel);
  return p;
}

void prefetch(const Scalar* numbers, std::int64_t count) {
  constexpr int kCacheLine = 64 / int{sizeof(Scalar)};
  for (std::int64_t i = 0; i < count; i += kCacheLine) __builtin_prefetch(numbers + i, 0, 2);
}

#if defined(__x86_64__)
__attribute__((target("prfchw")))  // without effect on processors that do not have it
#endif
void prefetch_to_write(Scalar* numbers, std::int64_t count) {
  constexpr int kCacheLine = 64 / int{sizeof(Scalar)};
  for (std::int64_t i = 0; i < count; i += kCacheLine) __builtin_prefetch(numbers + i, 1, 3);
}

void product_rows(const ProductRows& a, const PackedMatrix& matrix, Activation activation,
                  const Scalar* add, Scalar* y, int begin, int end) {
  product_part(a, matrix, activation, add, y, begin, end, 0, matrix.panels());
}

void product_infer(const ProductRows& a, const PackedMatrix& matrix, Activation activation,
                   const Scalar* add, Scalar* y, int threads) {
  // Threads share what is larger: each reads only its part of the weights, or of the rows.
  const bool by_panel = matrix.out > a.rows;
  const int parts = std::min(threads, by_panel ? matrix.panels() : a.rows);
  parallel_parts(parts, [&](int part) {
    const auto fetch = [&](int begin, int end) {
      for (int s = 0; parts > 1 && s < a.segments; ++s) {
        prefetch(a.a + s * a.segment + begin * a.row, (end - begin) * a.row);
      }
    };
    const auto bound = [&](int size, int i) { return static_cast<int>(long{size} * i / parts); };
    if (by_panel) {
      fetch(0, a.rows);
      product_part(a, matrix, activation, add, y, 0, a.rows, bound(matrix.panels(), part),
                   bound(matrix.panels(), part + 1));
    } else {
      const int begin = bound(a.rows, part), end = bound(a.rows, part + 1);
      fetch(begin, end);
      product_rows(a, matrix, activation, add, y, begin, end);
    }
  });
}

void conv_infer(const Scalar* x, int n, const ConvShape& s, const PackedMatrix& matrix,
                Activation activation, const Scalar* add, Scalar* y, ConvScratch& scratch,
                int threads) {
  if (is_pointwise(s)) {
    return product_infer({x, s.c, 0, 1, s.c, n * s.h * s.w}, matrix, activation, add, y, threads);
  }
  const std::int64_t outputs = std::int64_t{s.out_h()} * s.out_w() * s.out;
  for (int i = 0; i < n; ++i) {
    const Scalar* image =
        padded_image(x + i * (std::int64_t{s.h} * s.w * s.c), s, scratch, threads);
    const int parts = std::min(threads, s.out_h());
    parallel_parts(parts, [&](int part) {
      padded_rows(image, s, matrix, activation, add == nullptr ? nullptr : add + i * outputs,
                  y + i * outputs, s.out_h() * part / parts, s.out_h() * (part + 1) / parts);
    });
  }
}

}  // namespace fovea::kernels
