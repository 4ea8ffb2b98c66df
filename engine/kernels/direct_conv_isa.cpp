// Direct convolution for one instruction set. CMake compiles this file once per instruction set,
// each time with another FOVEA_ISA (the namespace) and other -m options. It must not use templates
// or inline functions of other headers (see direct_conv.h).
//
// A convolution of channels-last data is a matrix product whose left operand need not be copied:
// in each kernel row, the patch of output pixel x consists of `kernel * c` adjacent numbers, and
// the patch of pixel x + 1 starts `stride * c` numbers later. Both passes are therefore the same
// matrix product micro-kernel with different strides (Goto and van de Geijn 2008). It accumulates a
// tile of kRows x 2 vectors in registers:
//   forward           rows = pixels (stride * c apart), depth = patch entries (1 apart)
//   weight gradient   rows = patch entries (1 apart), depth = pixels (stride * c apart)
// The gradient of the input is a forward pass over dy with rotated weights (conv.cpp).

#include "engine/kernels/direct_conv.h"

namespace fovea::kernels::FOVEA_ISA {

extern const DirectKernels kKernels;

namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kRows = 12;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
constexpr int kRows = 4;
#else
constexpr int kVectorBytes = 16;
constexpr int kRows = 4;  // 4 x 8 floats: what WebAssembly engines keep in registers
#endif
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(Scalar));
constexpr int kPanel = 2 * kLanes;

typedef Scalar Vector __attribute__((vector_size(kVectorBytes)));
typedef Scalar Unaligned
    __attribute__((vector_size(kVectorBytes), aligned(alignof(Scalar)), may_alias));

Vector load(const Scalar* p) {
  return *reinterpret_cast<const Unaligned*>(p);
}
void store(Scalar* p, Vector v) {
  *reinterpret_cast<Unaligned*>(p) = v;
}

// acc[i] += sum over k < depth of a[i * row + k] * b[k]: rows `row` apart, depth adjacent.
template <int R>
inline void accumulate_pixels(const Scalar* a, long row, const Scalar* b, int depth,
                              Vector (&acc)[R][2]) {
  for (int k = 0; k < depth; ++k, b += kPanel) {
    const Vector b0 = load(b), b1 = load(b + kLanes);
    for (int i = 0; i < R; ++i) {
      const Scalar value = a[i * row + k];
      acc[i][0] += value * b0;
      acc[i][1] += value * b1;
    }
  }
}

// acc[i] += sum over k < depth of a[i + k * step] * b[k * b_step]: rows adjacent, depth `step`
// apart.
template <int R>
inline void accumulate_entries(const Scalar* a, long step, const Scalar* b, long b_step, int depth,
                               Vector (&acc)[R][2]) {
  for (int k = 0; k < depth; ++k, a += step, b += b_step) {
    const Vector b0 = load(b), b1 = load(b + kLanes);
    for (int i = 0; i < R; ++i) {
      acc[i][0] += a[i] * b0;
      acc[i][1] += a[i] * b1;
    }
  }
}

// Writes the first `channels` numbers of a row of accumulators to y, or adds them if kAdd.
template <bool kAdd>
inline void write_row(Scalar* y, const Vector (&acc)[2], int channels) {
  if (channels >= kPanel) {
    store(y, kAdd ? load(y) + acc[0] : acc[0]);
    store(y + kLanes, kAdd ? load(y + kLanes) + acc[1] : acc[1]);
    return;
  }
  for (int c = 0; c < channels; ++c) {
    const Scalar value = acc[c / kLanes][c % kLanes];
    y[c] = kAdd ? y[c] + value : value;
  }
}

// Each lane limited to low..high; `low` for NaN.
inline Vector limit(Vector v, Vector low, Vector high) {
  const Vector above = v > low ? v : low;
  return above < high ? above : high;
}

// R adjacent output pixels of a row, one panel of channels. The accumulators start with the bias
// and sum one kernel row after the other.
template <int R>
void forward_tile(const Scalar* a, const DirectShape& s, const Scalar* panel, const Scalar* bias,
                  const OutputRange& range, Scalar* y, int channels) {
  Vector acc[R][2];
  const Vector bias0 = bias ? load(bias) : Vector{}, bias1 = bias ? load(bias + kLanes) : Vector{};
  for (int i = 0; i < R; ++i) {
    acc[i][0] = bias0;
    acc[i][1] = bias1;
  }
  const int depth = s.kernel * s.c;
  for (int kh = 0; kh < s.kernel; ++kh) {
    accumulate_pixels<R>(a + long{kh} * s.padded_w * s.c, long{s.stride} * s.c,
                         panel + long{kh} * depth * kPanel, depth, acc);
  }
  if (range.limited) {
    const Vector low = Vector{} + range.low, high = Vector{} + range.high;
    for (int i = 0; i < R; ++i) {
      acc[i][0] = limit(acc[i][0], low, high);
      acc[i][1] = limit(acc[i][1], low, high);
    }
  }
  for (int i = 0; i < R; ++i) write_row<false>(y + long{i} * s.out, acc[i], channels);
}

// The weight gradients of R adjacent patch entries, one panel of channels, summed over all output
// pixels row by row.
template <int R>
void weights_tile(const Scalar* a, const DirectShape& s, const Scalar* dy, int dy_stride,
                  Scalar* dw, int channels) {
  Vector acc[R][2] = {};
  for (int oy = 0; oy < s.out_h; ++oy) {
    accumulate_entries<R>(a + long{oy} * s.stride * s.padded_w * s.c, long{s.stride} * s.c,
                          dy + long{oy} * s.out_w * dy_stride, dy_stride, s.out_w, acc);
  }
  for (int i = 0; i < R; ++i) write_row<true>(dw + long{i} * s.out, acc[i], channels);
}

using ForwardTile = void (*)(const Scalar*, const DirectShape&, const Scalar*, const Scalar*,
                             const OutputRange&, Scalar*, int);
using WeightsTile = void (*)(const Scalar*, const DirectShape&, const Scalar*, int, Scalar*, int);
// Tiles by their number of rows. Entries above kRows are never called. They repeat the entry kRows,
// so that the compiler generates no code for them.
constexpr int clamp_rows(int rows) {
  return rows < kRows ? rows : kRows;
}
constexpr ForwardTile kForwardTile[] = {nullptr,
                                        forward_tile<clamp_rows(1)>,
                                        forward_tile<clamp_rows(2)>,
                                        forward_tile<clamp_rows(3)>,
                                        forward_tile<clamp_rows(4)>,
                                        forward_tile<clamp_rows(5)>,
                                        forward_tile<clamp_rows(6)>,
                                        forward_tile<clamp_rows(7)>,
                                        forward_tile<clamp_rows(8)>,
                                        forward_tile<clamp_rows(9)>,
                                        forward_tile<clamp_rows(10)>,
                                        forward_tile<clamp_rows(11)>,
                                        forward_tile<clamp_rows(12)>};
constexpr WeightsTile kWeightsTile[] = {nullptr,
                                        weights_tile<clamp_rows(1)>,
                                        weights_tile<clamp_rows(2)>,
                                        weights_tile<clamp_rows(3)>,
                                        weights_tile<clamp_rows(4)>,
                                        weights_tile<clamp_rows(5)>,
                                        weights_tile<clamp_rows(6)>,
                                        weights_tile<clamp_rows(7)>,
                                        weights_tile<clamp_rows(8)>,
                                        weights_tile<clamp_rows(9)>,
                                        weights_tile<clamp_rows(10)>,
                                        weights_tile<clamp_rows(11)>,
                                        weights_tile<clamp_rows(12)>};

// The tile size that splits `rows` most evenly: with kRows = 8, 9 rows are 5 + 4, which is faster
// than 8 + 1.
int even_tile(int rows) {
  const int tiles = rows > kRows ? (rows + kRows - 1) / kRows : 1;
  return (rows + tiles - 1) / tiles;
}

int smaller(int a, int b) {
  return a < b ? a : b;
}

void forward(const Scalar* padded, const DirectShape* shape, const Scalar* packed,
             const Scalar* bias, const OutputRange* range, Scalar* y) {
  const DirectShape& s = *shape;
  const int tile = even_tile(s.out_w);  // output pixels
  const long panel_size = long{s.kernel} * s.kernel * s.c * kPanel;
  for (int o = 0; o < s.out; o += kPanel) {
    const Scalar* panel = packed + o / kPanel * panel_size;
    for (int oy = 0; oy < s.out_h; ++oy) {
      const Scalar* row = padded + long{oy} * s.stride * s.padded_w * s.c;
      for (int ox = 0; ox < s.out_w; ox += tile) {
        kForwardTile[smaller(tile, s.out_w - ox)](
            row + long{ox} * s.stride * s.c, s, panel, bias ? bias + o : nullptr, *range,
            y + (long{oy} * s.out_w + ox) * s.out + o, smaller(kPanel, s.out - o));
      }
    }
  }
}

void backward_weights(const Scalar* padded, const DirectShape* shape, const Scalar* dy,
                      int dy_stride, Scalar* dw) {
  const DirectShape& s = *shape;
  const int entries = s.kernel * s.c;
  const int tile = even_tile(entries);  // patch entries of one kernel row
  for (int o = 0; o < s.out; o += kPanel) {
    for (int kh = 0; kh < s.kernel; ++kh) {
      const Scalar* row = padded + long{kh} * s.padded_w * s.c;
      for (int e = 0; e < entries; e += tile) {
        kWeightsTile[smaller(tile, entries - e)](row + e, s, dy + o, dy_stride,
                                                 dw + (long{kh} * entries + e) * s.out + o,
                                                 smaller(kPanel, s.out - o));
      }
    }
  }
}

}  // namespace

#define FOVEA_STRING_(x) #x
#define FOVEA_STRING(x) FOVEA_STRING_(x)  // expands x, then quotes it
const DirectKernels kKernels = {FOVEA_STRING(FOVEA_ISA), kPanel, forward, backward_weights};

}  // namespace fovea::kernels::FOVEA_ISA
