// The kernels of inference for one instruction set. CMake compiles this file once per instruction
// set, each time with another FOVEA_ISA (the namespace) and other -m options. It must not use
// templates or inline functions of other headers (see direct_conv.h).
//
// The product keeps a tile of R rows and V vectors of channels in registers (Goto and van de Geijn
// 2008): each step of the sum loads V vectors of weights, and one number of each row, which the
// processor copies into all lanes. Enough sums are open to hide the latency of a multiply-add.

#include "engine/kernels/panel.h"

namespace fovea::kernels::FOVEA_ISA {

extern const PanelKernels kPanelKernels;

namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kRows = 14;  // 28 of 32 registers; 14 divides the widths of networks for 224 pixels
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
constexpr int kRows = 6;  // 12 of 16 registers
#else
constexpr int kVectorBytes = 16;
constexpr int kRows = 4;  // 4 x 8 floats: what WebAssembly engines keep in registers
#endif
#if defined(__clang__)
#define FOVEA_UNROLL _Pragma("unroll")
#else
#define FOVEA_UNROLL _Pragma("GCC unroll 16")
#endif
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(Scalar));

typedef Scalar Vector __attribute__((vector_size(kVectorBytes)));
typedef Scalar Unaligned
    __attribute__((vector_size(kVectorBytes), aligned(alignof(Scalar)), may_alias));

Vector load(const Scalar* p) {
  return *reinterpret_cast<const Unaligned*>(p);
}
void store(Scalar* p, Vector v) {
  *reinterpret_cast<Unaligned*>(p) = v;
}

// Copies n < kLanes numbers.
void copy_part(const Scalar* from, Scalar* to, int n) {
  for (int size = kLanes / 2; size > 0; size /= 2) {
    if ((n & size) == 0) continue;
    for (int i = 0; i < size; ++i) to[i] = from[i];
    from += size;
    to += size;
  }
}

// Each lane limited to low..high; `low` for NaN.
inline Vector limit(Vector v, Vector low, Vector high) {
  const Vector above = v > low ? v : low;
  return above < high ? above : high;
}

int smaller(int a, int b) {
  return a < b ? a : b;
}

// acc[i] += sum over k < depth of a[i * row + k] * b[k]. Fetches as many numbers of `next` into the
// second-level cache as it reads of b: the weights of a network are larger than this cache, and the
// processor's own prefetcher stops at the end of a page.
template <int R, int V>
inline void accumulate(const Scalar* a, long row, const Scalar* b, const Scalar* next, int depth,
                       Vector (&acc)[R][V]) {
  constexpr int kCacheLine = 64 / static_cast<int>(sizeof(Scalar));
  for (int k = 0; k < depth; ++k, b += V * kLanes, next += V * kLanes) {
    FOVEA_UNROLL for (int i = 0; i < V * kLanes; i += kCacheLine)
        __builtin_prefetch(next + i, 0, 2);
    Vector weights[V];
    for (int v = 0; v < V; ++v) weights[v] = load(b + v * kLanes);
    for (int i = 0; i < R; ++i) {
      const Scalar value = a[i * row + k];
      for (int v = 0; v < V; ++v) acc[i][v] += value * weights[v];
    }
  }
}

// The offset of a row in y. Rows are visited one after the other.
struct Place {
  Place(const PanelProduct& p, int row)
      : column(row % p.line), at(row * p.y_row + row / p.line * p.y_gap) {}
  void next(const PanelProduct& p) {
    const bool end = ++column == p.line;
    column = end ? 0 : column;
    at += p.y_row + (end ? p.y_gap : 0);
  }
  int column;
  long at;
};

// R rows of whole vectors. The loops have constant bounds, so that the sums stay in registers.
template <int R, int V, bool kAdd>
inline void write_rows(const Vector (&acc)[R][V], const PanelProduct& p, Place place) {
  FOVEA_UNROLL for (int i = 0; i < R; ++i) {
    FOVEA_UNROLL for (int v = 0; v < V; ++v) {
      const long at = place.at + v * kLanes;
      store(p.y + at, kAdd ? acc[i][v] + load(p.add + at) : acc[i][v]);
    }
    place.next(p);
  }
}

// Rows of `channels` < V * kLanes numbers, which begin in `sums` {rows, V * kLanes}.
template <int V>
void write_parts(const Scalar* sums, int rows, const PanelProduct& p, Place place) {
  for (int i = 0; i < rows; ++i, sums += V * kLanes, place.next(p)) {
    Scalar* y = p.y + place.at;
    const Scalar* add = p.add != nullptr ? p.add + place.at : nullptr;
    int done = 0;
    if (V == 2 && p.channels >= kLanes) {
      store(y, add != nullptr ? load(sums) + load(add) : load(sums));
      done = kLanes;
    }
    Scalar part[kLanes];
    if (add != nullptr) {
      copy_part(add + done, part, p.channels - done);
      store(part, load(sums + done) + load(part));
    } else {
      store(part, load(sums + done));
    }
    copy_part(part, y + done, p.channels - done);
  }
}

// R rows beginning with row `first`.
template <int R, int V>
void product_tile(const PanelProduct& p, int first) {
  Vector acc[R][V];
  FOVEA_UNROLL for (int v = 0; v < V; ++v) {
    const Vector bias = p.bias != nullptr ? load(p.bias + v * kLanes) : Vector{};
    FOVEA_UNROLL for (int i = 0; i < R; ++i) acc[i][v] = bias;
  }
  const Scalar* a = p.a + first * p.a_row;
  const Scalar* b = p.weights;
  const Scalar* next = p.next;
  const long panel_step = long{p.depth} * V * kLanes;
  for (int s = 0; s < p.segments; ++s, a += p.a_segment, b += panel_step, next += panel_step) {
    accumulate<R, V>(a, p.a_row, b, next, s + 1 < p.segments ? p.depth : p.last_depth, acc);
  }
  if (p.range.limited) {
    const Vector low = Vector{} + p.range.low, high = Vector{} + p.range.high;
    FOVEA_UNROLL for (int i = 0; i < R; ++i) {
      FOVEA_UNROLL for (int v = 0; v < V; ++v) acc[i][v] = limit(acc[i][v], low, high);
    }
  }
  const Place place(p, first);
  if (p.channels < V * kLanes) {
    Scalar sums[R * V * kLanes];
    FOVEA_UNROLL for (int i = 0; i < R; ++i) {
      FOVEA_UNROLL for (int v = 0; v < V; ++v) store(sums + (i * V + v) * kLanes, acc[i][v]);
    }
    write_parts<V>(sums, R, p, place);
  } else if (p.add != nullptr) {
    write_rows<R, V, true>(acc, p, place);
  } else {
    write_rows<R, V, false>(acc, p, place);
  }
}

using ProductTile = void (*)(const PanelProduct&, int);
constexpr int clamp_rows(int rows) {
  return rows < kRows ? rows : kRows;
}
// Tiles by their number of rows. Entries above kRows are never called. They repeat the entry kRows,
// so that the compiler generates no code for them.
#define FOVEA_TILES(V)                                                       \
  {                                                                          \
    nullptr, product_tile<clamp_rows(1), V>, product_tile<clamp_rows(2), V>, \
        product_tile<clamp_rows(3), V>, product_tile<clamp_rows(4), V>,      \
        product_tile<clamp_rows(5), V>, product_tile<clamp_rows(6), V>,      \
        product_tile<clamp_rows(7), V>, product_tile<clamp_rows(8), V>,      \
        product_tile<clamp_rows(9), V>, product_tile<clamp_rows(10), V>,     \
        product_tile<clamp_rows(11), V>, product_tile<clamp_rows(12), V>,    \
        product_tile<clamp_rows(13), V>, product_tile<clamp_rows(14), V>     \
  }
constexpr ProductTile kOneVector[] = FOVEA_TILES(1);
constexpr ProductTile kTwoVectors[] = FOVEA_TILES(2);
#undef FOVEA_TILES

void product(const PanelProduct* p) {
  const ProductTile* tiles = p->vectors == 1 ? kOneVector : kTwoVectors;
  // The tile size that splits the rows most evenly: 15 rows are 8 + 7, which is faster than 14 + 1.
  const int count = (p->rows + kRows - 1) / kRows;
  const int size = count > 0 ? (p->rows + count - 1) / count : 0;
  for (int row = 0; row < p->rows; row += size) tiles[smaller(size, p->rows - row)](*p, row);
}

// T pixels of a row, one vector of channels.
template <int K, int S, int T>
inline void depthwise_tile(const PanelDepthwise& p, const Scalar* x, long width, int vector,
                           Scalar* y) {
  Vector acc[T];
  const Vector bias = load(p.bias + vector * kLanes);
  FOVEA_UNROLL for (int t = 0; t < T; ++t) acc[t] = bias;
  const Scalar* w = p.weights + vector * kLanes;
  FOVEA_UNROLL for (int kh = 0; kh < K; ++kh, x += p.x_row) {
    Vector in[(T - 1) * S + K];
    FOVEA_UNROLL for (int i = 0; i < (T - 1) * S + K; ++i) in[i] = load(x + i * width);
    FOVEA_UNROLL for (int kw = 0; kw < K; ++kw, w += width) {
      const Vector weight = load(w);
      FOVEA_UNROLL for (int t = 0; t < T; ++t) acc[t] += in[t * S + kw] * weight;
    }
  }
  if (p.range.limited) {
    const Vector low = Vector{} + p.range.low, high = Vector{} + p.range.high;
    FOVEA_UNROLL for (int t = 0; t < T; ++t) acc[t] = limit(acc[t], low, high);
  }
  FOVEA_UNROLL for (int t = 0; t < T; ++t) store(y + t * p.y_pixel, acc[t]);
}

// Tiles of T pixels; the last one overlaps the one before it. REQUIRES: p.columns >= T
template <int K, int S, int T>
void depthwise_rows(const PanelDepthwise& p) {
  const long width = p.vectors * kLanes;
  for (int r = 0; r < p.rows; ++r) {
    for (int v = 0; v < p.vectors; ++v) {
      const Scalar* x = p.x + long{r} * S * p.x_row + v * kLanes;
      Scalar* y = p.y + r * p.y_line + v * kLanes;
      for (int c = 0; c < p.columns; c += T) {
        if (c > p.columns - T) c = p.columns - T;
        depthwise_tile<K, S, T>(p, x + c * S * width, width, v, y + c * p.y_pixel);
      }
    }
  }
}

template <int K, int S>
void depthwise_tiles(const PanelDepthwise& p) {
#if defined(__AVX512F__)
  // With 32 registers. 7 divides the widths of networks for 224 pixels.
  const auto computed = [&](int tile) { return (p.columns + tile - 1) / tile * tile; };
  if (p.columns >= 7 && computed(7) < computed(8)) return depthwise_rows<K, S, 7>(p);
  if (p.columns >= 8) return depthwise_rows<K, S, 8>(p);
#endif
  p.columns >= 4 ? depthwise_rows<K, S, 4>(p) : depthwise_rows<K, S, 1>(p);
}

void depthwise(const PanelDepthwise* p) {
  if (p->kernel == 3) {
    p->stride == 1 ? depthwise_tiles<3, 1>(*p) : depthwise_tiles<3, 2>(*p);
  } else {
    p->stride == 1 ? depthwise_tiles<5, 1>(*p) : depthwise_tiles<5, 2>(*p);
  }
}

}  // namespace

#define FOVEA_STRING_(x) #x
#define FOVEA_STRING(x) FOVEA_STRING_(x)  // expands x, then quotes it
const PanelKernels kPanelKernels = {FOVEA_STRING(FOVEA_ISA), kLanes, product, depthwise};

}  // namespace fovea::kernels::FOVEA_ISA
