#include "engine/kernels/inverted_residual.h"

#include <algorithm>

#include "engine/core/parallel.h"

namespace fovea::kernels {
namespace {

// Numbers of a band: the rows of the wide image that are in memory at once, 128 KiB.
constexpr std::int64_t kBandNumbers = 32 * 1024;
// From this height a map is split over threads by rows too, because it has few panels.
constexpr int kSplitHeight = 28;

// Computes panels of the wide image and their depthwise convolution.
class WidePanels {
 public:
  WidePanels(const InvertedResidualShape& s, const InvertedResidualWeights& weights, int images,
             Scalar* depthwise)
      : s_(s),
        weights_(weights),
        lanes_(weights.first.kernels->lanes),
        line_(s.depthwise.w + s.depthwise.pad.width()),
        images_(images),
        depthwise_(depthwise) {}

  // Output rows begin <= oy < end of one panel of one image {h, w, c}, padded for the first
  // convolution.
  void compute(const Scalar* x, int image, int panel, int begin, int end, Tensor& band) const {
    const int width = weights_.first.vectors(panel) * lanes_;
    const DepthwiseShape& d = s_.depthwise;
    prefetch(depthwise_weights(panel), d.taps() * width);
    const auto first_row = [&](int oy) { return oy * d.stride - d.pad.top; };
    const int step = band_outputs(width);
    band.resize({1, rows_for(std::min(step, end - begin)), line_, width});
    clear_columns(band);
    int computed = first_row(begin);  // rows before this one are in the band
    for (int oy = begin; oy < end; oy += step) {
      const int count = std::min(step, end - oy), first = first_row(oy);
      const int last = first + rows_for(count);
      // The windows of neighbouring outputs overlap: keep these rows of the previous band.
      if (oy > begin) {
        const Scalar* kept = band.data() + (first - previous_first(first, step)) * row_size(width);
        std::copy(kept, kept + std::max(0, computed - first) * row_size(width), band.data());
      }
      fill_rows(x, panel, width, first, std::max(first, computed), last, band.data());
      computed = last;
      convolve(image, panel, width, oy, count, band.data());
    }
  }

 private:
  const Scalar* depthwise_weights(int panel) const {
    return weights_.depthwise.data() + long{panel} * 2 * lanes_ * s_.depthwise.taps();
  }
  static void prefetch(const Scalar* numbers, int count) {
    constexpr int kCacheLine = 64 / int{sizeof(Scalar)};
    for (int i = 0; i < count; i += kCacheLine) __builtin_prefetch(numbers + i, 0, 2);
  }
  int rows_for(int outputs) const {
    return (outputs - 1) * s_.depthwise.stride + s_.depthwise.kernel;
  }
  int previous_first(int first, int step) const { return first - step * s_.depthwise.stride; }
  long row_size(int width) const { return long{line_} * width; }
  // Output rows of a band.
  int band_outputs(int width) const {
    const auto rows = static_cast<int>(kBandNumbers / row_size(width));
    return std::max(1, (rows - s_.depthwise.kernel) / s_.depthwise.stride + 1);
  }

  void clear_columns(Tensor& band) const {
    const Shape& shape = band.shape();
    const Padding& pad = s_.depthwise.pad;
    for (int r = 0; r < shape.h; ++r) {
      Scalar* row = band.data() + r * row_size(shape.c);
      std::fill_n(row, pad.left * shape.c, Scalar{0});
      std::fill_n(row + (line_ - pad.right) * shape.c, pad.right * shape.c, Scalar{0});
    }
  }

  // Rows from <= row < to of the wide image; row `first` begins the band. Rows outside are zero.
  void fill_rows(const Scalar* x, int panel, int width, int first, int from, int to,
                 Scalar* band) const {
    const long size = row_size(width);
    const int inside = std::max(from, 0), end = std::min(to, s_.depthwise.h);
    std::fill(band + (from - first) * size, band + (std::min(to, inside) - first) * size, 0);
    const int below = std::max(from, end);
    std::fill(band + (below - first) * size, band + (to - first) * size, 0);
    if (end <= inside) return;
    const ConvShape& f = s_.first;
    PanelProduct p = panel_product(weights_.first, panel, weights_.first_activation);
    if (panel + 1 == weights_.first.panels()) p.next = weights_.last.weights.data();
    p.channels = width;  // the weights beyond the last channel are zero
    p.y = band + (inside - first) * size + s_.depthwise.pad.left * width;
    p.y_row = width;
    p.line = s_.depthwise.w;
    p.y_gap = size - long{p.line} * width;
    p.a_row = long{f.stride} * f.c;
    p.a_segment = long{f.padded_w()} * f.c;
    p.segments = f.kernel;
    p.depth = p.last_depth = f.kernel * f.c;
    const bool pointwise = is_pointwise(f);  // whose pixels are one long row
    p.rows = pointwise ? (end - inside) * p.line : p.line;
    for (int row = inside; row < end; row += pointwise ? end : 1, p.y += size) {
      p.a = x + row * f.stride * p.a_segment;
      weights_.first.kernels->product(&p);
    }
  }

  void convolve(int image, int panel, int width, int oy, int count, const Scalar* band) const {
    const DepthwiseShape& d = s_.depthwise;
    const int panel_width = 2 * lanes_;
    PanelDepthwise p{};
    p.x = band;
    p.x_row = row_size(width);
    p.weights = depthwise_weights(panel);
    p.bias = weights_.depthwise_bias.data() + long{panel} * panel_width;
    p.range = output_range(weights_.depthwise_activation);
    p.kernel = d.kernel;
    p.stride = d.stride;
    p.vectors = width / lanes_;
    p.rows = count;
    p.columns = d.out_w();
    p.y_pixel = panel_width;
    p.y_line = long{p.columns} * panel_width;
    const std::int64_t pixels = s_.pixels();
    p.y = depthwise_ + (panel * images_ + image) * pixels * panel_width + oy * p.y_line;
    weights_.first.kernels->depthwise(&p);
  }

  const InvertedResidualShape& s_;
  const InvertedResidualWeights& weights_;
  int lanes_;
  int line_;  // columns of a band
  std::int64_t images_;
  Scalar* depthwise_;  // {panels, images, out_h, out_w, 2 * lanes}
};

}  // namespace

void pack_depthwise(const Scalar* weights, const Scalar* bias, int taps,
                    InvertedResidualWeights& packed) {
  const PackedMatrix& first = packed.first;
  const int columns = first.bias.shape().c, lanes = first.kernels->lanes;
  packed.depthwise = Tensor({1, 1, taps, columns});
  packed.depthwise_bias = Tensor({1, 1, 1, columns});
  if (bias != nullptr) std::copy_n(bias, first.out, packed.depthwise_bias.data());
  Scalar* target = packed.depthwise.data();
  for (int panel = 0; panel < first.panels(); ++panel) {
    for (int tap = 0; tap < taps; ++tap, target += first.vectors(panel) * lanes) {
      std::copy_n(weights + long{tap} * first.out + panel * first.panel_width(),
                  first.channels(panel), target);
    }
  }
}

void inverted_residual_infer(const Scalar* x, int n, const InvertedResidualShape& s,
                             const InvertedResidualWeights& weights, Activation activation,
                             const Scalar* add, Scalar* y, ConvScratch& scratch, int threads) {
  const int panels = weights.first.panels(), width = weights.first.panel_width();
  const ConvShape& f = s.first;
  scratch.depthwise.resize({n, 1, s.pixels(), panels * width});
  if (scratch.bands.size() < static_cast<std::size_t>(threads)) scratch.bands.resize(threads);
  const WidePanels wide(s, weights, n, scratch.depthwise.data());
  const int height = s.depthwise.out_h();
  const int parts = threads > 1 && height >= kSplitHeight ? threads : 1;
  // Padded images exist one at a time.
  const int together = f.pad.empty() ? n : 1;
  for (int first = 0; first < n; first += together) {
    const std::int64_t image_size = std::int64_t{f.h} * f.w * f.c;
    const Scalar* images = padded_image(x + first * image_size, f, scratch);
    parallel_for(together * panels * parts, threads, [&](int task, int thread) {
      const int part = task % parts, image = task / parts % together;
      wide.compute(images + image * image_size, first + image, task / parts / together,
                   height * part / parts, height * (part + 1) / parts, scratch.bands[thread]);
    });
  }
  const int rows = n * s.pixels();
  product_infer({scratch.depthwise.data(), width, long{rows} * width, panels, width, rows},
                weights.last, activation, add, y, threads);
}

}  // namespace fovea::kernels
