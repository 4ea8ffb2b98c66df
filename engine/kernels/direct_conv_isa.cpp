// Direct convolution for one instruction set. Compiled several times, each with its own
// FOVEA_ISA (the namespace) and -march. No templates or inline functions from other headers here.
//
// A convolution over channels-last data is a matrix product whose left operand needs no copying:
// the patch of output pixel x is, for every kernel row, `kernel * c` adjacent numbers, and the
// patch of pixel x + 1 begins `stride * c` later. So both passes are one micro-kernel, a register
// tile of kRows x 2 vectors, over different strides:
//   forward           rows = pixels (stride * c apart), depth = patch entries (1 apart)
//   weight gradient   rows = patch entries (1 apart), depth = pixels (stride * c apart)
// The gradient of the input is the forward pass of dy with the kernel turned round.

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

// acc[i] += a[i * row + k] * b[k], k < depth: rows far apart, depth adjacent.
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

// acc[i] += a[i + k * step] * b[k * b_step], k < depth: rows adjacent, depth far apart.
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

// Writes, or adds, the first `channels` of a row of accumulators.
template <bool kAdd>
inline void put(Scalar* y, const Vector (&acc)[2], int channels) {
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

template <int R>
void forward_tile(const Scalar* a, const DirectShape& s, const Scalar* panel, const Scalar* bias,
                  Scalar* y, int channels) {
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
  for (int i = 0; i < R; ++i) put<false>(y + long{i} * s.out, acc[i], channels);
}

template <int R>
void weights_tile(const Scalar* a, const DirectShape& s, const Scalar* dy, int dy_stride,
                  Scalar* dw, int channels) {
  Vector acc[R][2] = {};
  for (int oy = 0; oy < s.out_h; ++oy) {
    accumulate_entries<R>(a + long{oy} * s.stride * s.padded_w * s.c, long{s.stride} * s.c,
                          dy + long{oy} * s.out_w * dy_stride, dy_stride, s.out_w, acc);
  }
  for (int i = 0; i < R; ++i) put<true>(dw + long{i} * s.out, acc[i], channels);
}

using ForwardTile = void (*)(const Scalar*, const DirectShape&, const Scalar*, const Scalar*,
                             Scalar*, int);
using WeightsTile = void (*)(const Scalar*, const DirectShape&, const Scalar*, int, Scalar*, int);
// Entries above kRows are never called and repeat the last one, so that no code is made for them.
constexpr int upto(int rows) {
  return rows < kRows ? rows : kRows;
}
constexpr ForwardTile kForwardTile[] = {nullptr,
                                        forward_tile<upto(1)>,
                                        forward_tile<upto(2)>,
                                        forward_tile<upto(3)>,
                                        forward_tile<upto(4)>,
                                        forward_tile<upto(5)>,
                                        forward_tile<upto(6)>,
                                        forward_tile<upto(7)>,
                                        forward_tile<upto(8)>,
                                        forward_tile<upto(9)>,
                                        forward_tile<upto(10)>,
                                        forward_tile<upto(11)>,
                                        forward_tile<upto(12)>};
constexpr WeightsTile kWeightsTile[] = {nullptr,
                                        weights_tile<upto(1)>,
                                        weights_tile<upto(2)>,
                                        weights_tile<upto(3)>,
                                        weights_tile<upto(4)>,
                                        weights_tile<upto(5)>,
                                        weights_tile<upto(6)>,
                                        weights_tile<upto(7)>,
                                        weights_tile<upto(8)>,
                                        weights_tile<upto(9)>,
                                        weights_tile<upto(10)>,
                                        weights_tile<upto(11)>,
                                        weights_tile<upto(12)>};

// Tile sizes as equal as possible: 9 rows are better done as 5 + 4 than as 8 + 1.
int even_tile(int rows) {
  const int tiles = rows > kRows ? (rows + kRows - 1) / kRows : 1;
  return (rows + tiles - 1) / tiles;
}

int smaller(int a, int b) {
  return a < b ? a : b;
}

void forward(const Scalar* padded, const DirectShape* shape, const Scalar* packed,
             const Scalar* bias, Scalar* y) {
  const DirectShape& s = *shape;
  const int tile = even_tile(s.out_w);
  const long panel_size = long{s.kernel} * s.kernel * s.c * kPanel;
  for (int o = 0; o < s.out; o += kPanel) {
    const Scalar* panel = packed + o / kPanel * panel_size;
    for (int oy = 0; oy < s.out_h; ++oy) {
      const Scalar* row = padded + long{oy} * s.stride * s.padded_w * s.c;
      for (int ox = 0; ox < s.out_w; ox += tile) {
        kForwardTile[smaller(tile, s.out_w - ox)](
            row + long{ox} * s.stride * s.c, s, panel, bias ? bias + o : nullptr,
            y + (long{oy} * s.out_w + ox) * s.out + o, smaller(kPanel, s.out - o));
      }
    }
  }
}

void backward_weights(const Scalar* padded, const DirectShape* shape, const Scalar* dy,
                      int dy_stride, Scalar* dw) {
  const DirectShape& s = *shape;
  const int entries = s.kernel * s.c;
  const int tile = even_tile(entries);
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

#define FOVEA_TEXT_OF(x) #x
#define FOVEA_TEXT(x) FOVEA_TEXT_OF(x)
const DirectKernels kKernels = {FOVEA_TEXT(FOVEA_ISA), kPanel, forward, backward_weights};

}  // namespace fovea::kernels::FOVEA_ISA
