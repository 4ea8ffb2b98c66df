#include "engine/kernels/inverted_residual.h"

#include <algorithm>

#include "engine/core/parallel.h"
#include "engine/kernels/elementwise.h"

namespace fovea::kernels {
namespace {

// Numbers of a band: the rows of the wide image that are in memory at once, 128 KiB.
constexpr std::int64_t kBandNumbers = 32 * 1024;
// From this height threads share the rows of a map, below it the panels: few rows of a window of 5
// are mostly rows that the neighbour needs, too.
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

// One or several images.
struct Block {
  const InvertedResidualShape& s;
  const InvertedResidualWeights& weights;
  const WidePanels& wide;
  const Scalar* x;
  int images;
  const Scalar* add;
  Scalar* y;
  ProductRows depthwise;  // all panels

  std::int64_t image_size() const { return std::int64_t{s.first.h} * s.first.w * s.first.c; }

  // Each thread computes some rows of y with all that they need. Neighbours compute the rows of the
  // wide image twice that both need. REQUIRES: one image or one thread
  void by_rows(Activation activation, ConvScratch& scratch, int threads) const {
    const int height = s.depthwise.out_h(), line = s.depthwise.out_w();
    parallel_parts(threads, [&](int part) {
      const int begin = height * part / threads, end = height * (part + 1) / threads;
      compute_panels(0, weights.first.panels(), begin, end, scratch.bands[part].rows);
      const int last = images > 1 ? depthwise.rows : end * line;
      product_rows(depthwise, weights.last, activation, add, y, begin * line, last);
    });
  }

  // Two threads compute half of the panels each and multiply them by half of the last matrix; then
  // the products are added. Each reads only its half of the weights, and of the depthwise results
  // none of the other. One thread adds in the same order.
  void in_halves(ConvScratch& scratch, int threads) const {
    const int panels = weights.first.panels();
    const std::int64_t outputs = std::int64_t{depthwise.rows} * s.out;
    if (threads > 1) scratch.partial.resize({1, 1, depthwise.rows, s.out});
    const auto compute = [&](int half, const Scalar* sum, Scalar* to) {
      const int first = half == 0 ? 0 : (panels + 1) / 2;
      const int end = half == 0 ? (panels + 1) / 2 : panels;
      compute_panels(first, end, 0, s.depthwise.out_h(),
                     scratch.bands[threads > 1 ? half : 0].rows);
      ProductRows rows = depthwise;
      rows.a += first * rows.segment;
      rows.segments = end - first;
      rows.first = first * rows.depth;
      product_rows(rows, weights.last, Activation::none, sum, to, 0, rows.rows);
    };
    if (threads == 1) {
      compute(0, add, y);
      compute(1, y, y);
      return;
    }
    parallel_parts(2, [&](int half) {
      prefetch(x, images * image_size());
      Scalar* to = half == 0 ? y : scratch.partial.data();
      prefetch_to_write(to, outputs);
      compute(half, half == 0 ? add : nullptr, to);
    });
    prefetch(scratch.partial.data(), outputs);
    kernels::add(scratch.partial.data(), outputs, y);
  }

  // Output rows begin <= oy < end of the panels first <= panel < last.
  void compute_panels(int first, int last, int begin, int end, Tensor& band) const {
    for (int panel = first; panel < last; ++panel) {
      for (int i = 0; i < images; ++i) {
        wide.compute(x + i * image_size(), i, panel, begin, end, band);
      }
    }
  }
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
  if (scratch.bands.size() < static_cast<std::size_t>(threads)) scratch.bands.resize(threads);
  const int height = s.depthwise.out_h();
  const bool halves = panels >= 2 && height < kSplitHeight && activation == Activation::none;
  // Padded images exist one at a time, and threads share one image.
  const bool by_rows = !halves && threads > 1;
  const int together = s.first.pad.empty() && !by_rows ? n : 1;
  scratch.depthwise.resize({together, 1, s.pixels(), panels * width});
  const WidePanels wide(s, weights, together, scratch.depthwise.data());
  for (int i = 0; i < n; i += together) {
    const std::int64_t first = i * (std::int64_t{s.first.h} * s.first.w * s.first.c);
    const std::int64_t result = i * (std::int64_t{s.pixels()} * s.out);
    const Block block{s,
                      weights,
                      wide,
                      padded_image(x + first, s.first, scratch, threads),
                      together,
                      add == nullptr ? nullptr : add + result,
                      y + result,
                      {scratch.depthwise.data(), width, long{together} * s.pixels() * width, panels,
                       width, together * s.pixels()}};
    if (halves) {
      block.in_halves(scratch, threads);
    } else {
      block.by_rows(activation, scratch, std::min(threads, height));
    }
  }
}

}  // namespace fovea::kernels
