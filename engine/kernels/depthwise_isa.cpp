// Depthwise convolution for one instruction set. CMake compiles this file once per instruction set,
// each time with another FOVEA_ISA (the namespace) and other -m options. It must not use templates
// or inline functions of other headers (see direct_conv.h).
//
// Channels are adjacent in memory and independent, so a vector holds neighbouring channels of one
// pixel. A tile computes kTile adjacent pixels of a row for one vector of channels: in each kernel
// row it loads (kTile - 1) * stride + kernel input vectors once and uses each for all taps and
// pixels that need it. Columns outside the image are zero vectors; rows outside are skipped.

#include "engine/kernels/depthwise_isa.h"

namespace fovea::kernels::FOVEA_ISA {

extern const DepthwiseKernels kDepthwise;

namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(Scalar));

typedef Scalar Vector __attribute__((vector_size(kVectorBytes)));
typedef Scalar Unaligned
    __attribute__((vector_size(kVectorBytes), aligned(alignof(Scalar)), may_alias));

// V is Vector or Scalar: neighbouring channels, or one.
template <class V>
struct Lanes;
template <>
struct Lanes<Vector> {
  static constexpr int kCount = kLanes;
  static Vector load(const Scalar* p) { return *reinterpret_cast<const Unaligned*>(p); }
  static void store(Scalar* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
};
template <>
struct Lanes<Scalar> {
  static constexpr int kCount = 1;
  static Scalar load(const Scalar* p) { return *p; }
  static void store(Scalar* p, Scalar v) { *p = v; }
};

int smaller(int a, int b) {
  return a < b ? a : b;
}
int larger(int a, int b) {
  return a > b ? a : b;
}

template <class V>
inline V limit(V v, const OutputRange& range) {
  if (!range.limited) return v;
  const V low = V{} + range.low, high = V{} + range.high;
  const V above = v > low ? v : low;
  return above < high ? above : high;
}

// The kernel rows kh for which row first + kh is inside the image: begin <= kh < end.
struct Taps {
  int begin, end;
};
Taps taps_inside(int first, int kernel, int size) {
  return {larger(0, -first), smaller(kernel, size - first)};
}

struct Operands {
  const Scalar* x;
  const Scalar* weights;
  const Scalar* bias;
  OutputRange range;
  Scalar* y;
};

// T adjacent pixels of output row oy, beginning with ox, all channels. REQUIRES: c >= kLanes
template <int K, int S, int T, bool kBorder>
void tile(const Operands& o, const DepthwiseSizes& s, int oy, int ox) {
  constexpr int kColumns = (T - 1) * S + K;
  const int iy = oy * S - s.top, ix = ox * S - s.left;
  const Taps rows = taps_inside(iy, K, s.h), columns = taps_inside(ix, kColumns, s.w);
  const long c = s.c;
  Scalar* y = o.y + (long{oy} * s.out_w + ox) * c;
  for (long j = 0; j < c; j += kLanes) {
    if (j > c - kLanes) j = c - kLanes;  // the last vector overlaps the one before it
    Vector acc[T];
    for (int t = 0; t < T; ++t) acc[t] = o.bias ? Lanes<Vector>::load(o.bias + j) : Vector{};
    for (int kh = rows.begin; kh < rows.end; ++kh) {
      const Scalar* x = o.x + long{iy + kh} * s.w * c + j;
      Vector in[kColumns];
      for (int i = 0; i < kColumns; ++i) {
        const bool inside = !kBorder || (i >= columns.begin && i < columns.end);
        in[i] = inside ? Lanes<Vector>::load(x + (ix + i) * c) : Vector{};
      }
      for (int kw = 0; kw < K; ++kw) {
        const Vector w = Lanes<Vector>::load(o.weights + (kh * K + kw) * c + j);
        for (int t = 0; t < T; ++t) acc[t] += in[t * S + kw] * w;
      }
    }
    for (int t = 0; t < T; ++t) Lanes<Vector>::store(y + t * c + j, limit(acc[t], o.range));
  }
}

// A row of outputs in tiles of T pixels; the last tile overlaps the one before it. REQUIRES: out_w
// >= T
template <int K, int S, int T>
void row_of_tiles(const Operands& o, const DepthwiseSizes& s, int oy) {
  for (int ox = 0; ox < s.out_w; ox += T) {
    if (ox > s.out_w - T) ox = s.out_w - T;
    const int first = ox * S - s.left;
    const bool border = first < 0 || first + (T - 1) * S + K > s.w;
    border ? tile<K, S, T, true>(o, s, oy, ox) : tile<K, S, T, false>(o, s, oy, ox);
  }
}

#if defined(__AVX512F__)
// Pixels computed by tiles of `tile` pixels for a row of `width`.
int covered(int width, int tile) {
  return (width + tile - 1) / tile * tile;
}
#endif

template <int K, int S>
void forward_tiles(const Operands& o, const DepthwiseSizes& s) {
  for (int oy = 0; oy < s.out_h; ++oy) {
#if defined(__AVX512F__)
    // With 32 registers. 7 divides the widths of networks for 224 pixels.
    if (s.out_w >= 7 && covered(s.out_w, 7) < covered(s.out_w, 8)) {
      row_of_tiles<K, S, 7>(o, s, oy);
      continue;
    }
    if (s.out_w >= 8) {
      row_of_tiles<K, S, 8>(o, s, oy);
      continue;
    }
#endif
    s.out_w >= 4 ? row_of_tiles<K, S, 4>(o, s, oy) : row_of_tiles<K, S, 1>(o, s, oy);
  }
}

// One output pixel, channels j to j + Lanes<V>::kCount, any kernel and stride.
template <class V>
void any_pixel(const Operands& o, const DepthwiseSizes& s, int oy, int ox, long j) {
  const int iy = oy * s.stride - s.top, ix = ox * s.stride - s.left;
  const Taps rows = taps_inside(iy, s.kernel, s.h), columns = taps_inside(ix, s.kernel, s.w);
  V acc = o.bias ? Lanes<V>::load(o.bias + j) : V{};
  for (int kh = rows.begin; kh < rows.end; ++kh) {
    for (int kw = columns.begin; kw < columns.end; ++kw) {
      acc += Lanes<V>::load(o.x + (long{iy + kh} * s.w + ix + kw) * s.c + j) *
             Lanes<V>::load(o.weights + (long{kh} * s.kernel + kw) * s.c + j);
    }
  }
  Lanes<V>::store(o.y + (long{oy} * s.out_w + ox) * s.c + j, limit(acc, o.range));
}

void forward_any(const Operands& o, const DepthwiseSizes& s) {
  for (int oy = 0; oy < s.out_h; ++oy) {
    for (int ox = 0; ox < s.out_w; ++ox) {
      long j = 0;
      for (; j + kLanes <= s.c; j += kLanes) any_pixel<Vector>(o, s, oy, ox, j);
      for (; j < s.c; ++j) any_pixel<Scalar>(o, s, oy, ox, j);
    }
  }
}

void forward(const Scalar* x, const DepthwiseSizes* sizes, const Scalar* weights,
             const Scalar* bias, const OutputRange* range, Scalar* y) {
  const DepthwiseSizes& s = *sizes;
  const Operands o{x, weights, bias, *range, y};
  if (s.c < kLanes || (s.kernel != 3 && s.kernel != 5) || s.stride > 2) return forward_any(o, s);
  if (s.kernel == 3) {
    s.stride == 1 ? forward_tiles<3, 1>(o, s) : forward_tiles<3, 2>(o, s);
  } else {
    s.stride == 1 ? forward_tiles<5, 1>(o, s) : forward_tiles<5, 2>(o, s);
  }
}

// Each output pixel adds dy * w to the input pixels that it was computed from.
void backward_input(const Scalar* dy, const DepthwiseSizes* sizes, const Scalar* weights,
                    Scalar* dx) {
  const DepthwiseSizes& s = *sizes;
  const long size = long{s.h} * s.w * s.c;
  for (long i = 0; i < size; ++i) dx[i] = 0;
  for (int oy = 0; oy < s.out_h; ++oy) {
    for (int ox = 0; ox < s.out_w; ++ox, dy += s.c) {
      const int iy = oy * s.stride - s.top, ix = ox * s.stride - s.left;
      const Taps rows = taps_inside(iy, s.kernel, s.h), columns = taps_inside(ix, s.kernel, s.w);
      for (int kh = rows.begin; kh < rows.end; ++kh) {
        for (int kw = columns.begin; kw < columns.end; ++kw) {
          const Scalar* w = weights + (long{kh} * s.kernel + kw) * s.c;
          Scalar* to = dx + (long{iy + kh} * s.w + ix + kw) * s.c;
          for (int j = 0; j < s.c; ++j) to[j] += dy[j] * w[j];
        }
      }
    }
  }
}

// The gradient of one tap for B vectors of channels, summed over one row of outputs.
template <class V, int B>
void add_tap(const Scalar* x, long x_step, const Scalar* dy, long dy_step, int count, Scalar* dw) {
  constexpr int kCount = Lanes<V>::kCount;
  V acc[B];
  for (int b = 0; b < B; ++b) acc[b] = Lanes<V>::load(dw + b * kCount);
  for (int i = 0; i < count; ++i, x += x_step, dy += dy_step) {
    for (int b = 0; b < B; ++b) {
      acc[b] += Lanes<V>::load(x + b * kCount) * Lanes<V>::load(dy + b * kCount);
    }
  }
  for (int b = 0; b < B; ++b) Lanes<V>::store(dw + b * kCount, acc[b]);
}

// One row of outputs and one kernel row: x and dy are these rows, dw {K, c} the gradients of the
// kernel row, all at the first of B vectors of channels.
struct KernelRow {
  const Scalar* x;
  const Scalar* dy;
  Scalar* dw;
};

// Adds T adjacent outputs, the first of which reads the input columns `first` to first + K. Each
// input vector is loaded once for all taps. Columns outside the image are zero.
template <int K, int S, int T, int B, bool kBorder>
inline void add_outputs(const KernelRow& r, const DepthwiseSizes& s, int ox, Vector (&acc)[K][B]) {
  constexpr int kColumns = (T - 1) * S + K;
  const long c = s.c;
  const int first = ox * S - s.left;
  for (int b = 0; b < B; ++b) {
    Vector in[kColumns];
    for (int i = 0; i < kColumns; ++i) {
      const bool inside = !kBorder || (first + i >= 0 && first + i < s.w);
      in[i] = inside ? Lanes<Vector>::load(r.x + (first + i) * c + b * kLanes) : Vector{};
    }
    for (int t = 0; t < T; ++t) {
      const Vector gradient = Lanes<Vector>::load(r.dy + (ox + t) * c + b * kLanes);
      for (int kw = 0; kw < K; ++kw) acc[kw][b] += in[t * S + kw] * gradient;
    }
  }
}

template <int K, int S, int B>
void add_kernel_row(const KernelRow& r, const DepthwiseSizes& s) {
  constexpr int kTile = K == 3 ? 4 : 2;
  Vector acc[K][B];
  for (int kw = 0; kw < K; ++kw) {
    for (int b = 0; b < B; ++b) {
      acc[kw][b] = Lanes<Vector>::load(r.dw + long{kw} * s.c + b * kLanes);
    }
  }
  int ox = 0;
  for (; ox + kTile <= s.out_w; ox += kTile) {
    const int first = ox * S - s.left;
    const bool border = first < 0 || first + (kTile - 1) * S + K > s.w;
    border ? add_outputs<K, S, kTile, B, true>(r, s, ox, acc)
           : add_outputs<K, S, kTile, B, false>(r, s, ox, acc);
  }
  for (; ox < s.out_w; ++ox) add_outputs<K, S, 1, B, true>(r, s, ox, acc);
  for (int kw = 0; kw < K; ++kw) {
    for (int b = 0; b < B; ++b) {
      Lanes<Vector>::store(r.dw + long{kw} * s.c + b * kLanes, acc[kw][b]);
    }
  }
}

// All channels; their number is a multiple of kLanes.
template <int K, int S>
void weights_of_size(const Scalar* x, const DepthwiseSizes& s, const Scalar* dy, Scalar* dw) {
#if defined(__AVX512F__)
  constexpr int kVectors = 2;  // with 32 registers
#else
  constexpr int kVectors = 1;
#endif
  const long c = s.c;
  for (int oy = 0; oy < s.out_h; ++oy) {
    const int iy = oy * S - s.top;
    const Taps rows = taps_inside(iy, K, s.h);
    for (int kh = rows.begin; kh < rows.end; ++kh) {
      const KernelRow row{x + long{iy + kh} * s.w * c, dy + long{oy} * s.out_w * c,
                          dw + long{kh} * K * c};
      long j = 0;
      for (; j + kVectors * kLanes <= c; j += kVectors * kLanes) {
        add_kernel_row<K, S, kVectors>({row.x + j, row.dy + j, row.dw + j}, s);
      }
      for (; j < c; j += kLanes) add_kernel_row<K, S, 1>({row.x + j, row.dy + j, row.dw + j}, s);
    }
  }
}

// a / b rounded up, for a >= 0.
int divided_up(int a, int b) {
  return (a + b - 1) / b;
}

void backward_weights(const Scalar* x, const DepthwiseSizes* sizes, const Scalar* dy, Scalar* dw) {
  const DepthwiseSizes& s = *sizes;
  if (s.c % kLanes == 0 && s.stride <= 2 && (s.kernel == 3 || s.kernel == 5)) {
    if (s.kernel == 3) {
      s.stride == 1 ? weights_of_size<3, 1>(x, s, dy, dw) : weights_of_size<3, 2>(x, s, dy, dw);
    } else {
      s.stride == 1 ? weights_of_size<5, 1>(x, s, dy, dw) : weights_of_size<5, 2>(x, s, dy, dw);
    }
    return;
  }
  const long c = s.c, step = long{s.stride} * c;
  for (int oy = 0; oy < s.out_h; ++oy) {
    const int iy = oy * s.stride - s.top;
    const Taps rows = taps_inside(iy, s.kernel, s.h);
    for (int kh = rows.begin; kh < rows.end; ++kh) {
      for (int kw = 0; kw < s.kernel; ++kw) {
        // The outputs whose input column ox * stride + kw - left is inside the image.
        const int begin = divided_up(larger(0, s.left - kw), s.stride);
        const int end = smaller(s.out_w, divided_up(larger(0, s.w + s.left - kw), s.stride));
        if (begin >= end) continue;
        const Scalar* from = x + (long{iy + kh} * s.w + begin * s.stride + kw - s.left) * c;
        const Scalar* gradient = dy + (long{oy} * s.out_w + begin) * c;
        Scalar* to = dw + (long{kh} * s.kernel + kw) * c;
        long j = 0;
        for (; j + 4 * kLanes <= c; j += 4 * kLanes) {
          add_tap<Vector, 4>(from + j, step, gradient + j, c, end - begin, to + j);
        }
        for (; j + kLanes <= c; j += kLanes) {
          add_tap<Vector, 1>(from + j, step, gradient + j, c, end - begin, to + j);
        }
        for (; j < c; ++j) {
          add_tap<Scalar, 1>(from + j, step, gradient + j, c, end - begin, to + j);
        }
      }
    }
  }
}

}  // namespace

#define FOVEA_STRING_(x) #x
#define FOVEA_STRING(x) FOVEA_STRING_(x)  // expands x, then quotes it
const DepthwiseKernels kDepthwise = {FOVEA_STRING(FOVEA_ISA), forward, backward_input,
                                     backward_weights};

}  // namespace fovea::kernels::FOVEA_ISA
