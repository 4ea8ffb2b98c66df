#include "engine/kernels/conv.h"

#include <algorithm>
#include <limits>

#include "engine/core/parallel.h"
#include "engine/kernels/direct_conv.h"
#include "engine/kernels/im2col.h"

namespace fovea::kernels {
namespace {

constexpr int kSquare = 16;
constexpr int kBlockRows = 192;

// The fastest kernels that this CPU can run.
const DirectKernels& selected_kernels() {
  static const DirectKernels& kernels = *direct_kernels().items[0];
  return kernels;
}

int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// All pixels of a 1x1 convolution may be regarded as one row.
DirectShape direct_shape(const ConvShape& s) {
  if (is_pointwise(s)) return {s.h * s.w, s.c, 1, s.h * s.w, s.out, 1, 1};
  return {s.padded_w(), s.c, s.out_h(), s.out_w(), s.out, s.kernel, s.stride};
}

// For stride 1, dx is itself a convolution: dy, padded by kernel - 1 - pad, with the weights
// rotated by 180 degrees and their input and output channels exchanged (Dumoulin and Visin 2016,
// section 4).
ConvShape transposed(const ConvShape& s) {
  return {s.out_h(), s.out_w(), s.out, s.c, s.kernel, 1, s.pad.transposed(s.kernel)};
}

int largest(const Padding& pad) {
  return std::max({pad.top, pad.bottom, pad.left, pad.right});
}

// Packs the weights of that transposed convolution, {tap, out, c} with the taps in reverse order,
// in the layout of pack_weights.
void pack_transposed(const Scalar* weights, const ConvShape& s, Tensor& packed) {
  const int panel = selected_kernels().panel, taps = s.kernel * s.kernel;
  packed.resize({1, 1, taps * s.out, round_up(s.c, panel)});
  Scalar* target = packed.data();
  for (int first = 0; first < s.c; first += panel) {
    const int channels = std::min(panel, s.c - first);
    for (int tap = taps - 1; tap >= 0; --tap) {
      const Scalar* source = weights + (std::int64_t{tap} * s.c + first) * s.out;
      // Squares of numbers, so that each cache line of source and target is used at once.
      for (int o = 0; o < s.out; o += kSquare) {
        const int count = std::min(kSquare, s.out - o);
        for (int i = 0; i < channels; ++i) {
          const Scalar* row = source + std::int64_t{i} * s.out + o;
          for (int k = 0; k < count; ++k) target[std::int64_t{o + k} * panel + i] = row[k];
        }
      }
      for (int o = 0; channels < panel && o < s.out; ++o) {
        std::fill_n(target + std::int64_t{o} * panel + channels, panel - channels, Scalar{0});
      }
      target += std::int64_t{s.out} * panel;
    }
  }
}

// The kernels load dy in whole panels: {rows, out} with zeros at the end of each row, if `out` is
// not a multiple.
const Scalar* widened(const Scalar* dy, int rows, int out, int wide, ConvScratch& scratch) {
  if (wide == out) return dy;
  scratch.columns.resize({1, 1, rows, wide});
  Scalar* to = scratch.columns.data();
  for (int p = 0; p < rows; ++p, dy += out, to += wide) {
    std::copy_n(dy, out, to);
    std::fill(to + out, to + wide, Scalar{0});
  }
  return scratch.columns.data();
}

// A 1x1 convolution is one matrix product for all pixels of all images. In blocks of rows, a panel
// of dy stays in the L1 cache.
void pointwise_backward_weights(const Scalar* x, const Scalar* dy, std::int64_t rows,
                                const ConvShape& s, Scalar* dw, Scalar* dbias,
                                ConvScratch& scratch) {
  const DirectKernels& kernels = selected_kernels();
  const int wide = round_up(s.out, kernels.panel);
  for (std::int64_t first = 0; first < rows; first += kBlockRows) {
    const int count = static_cast<int>(std::min<std::int64_t>(kBlockRows, rows - first));
    const DirectShape shape{count, s.c, 1, count, s.out, 1, 1};
    const Scalar* gradient = dy + first * s.out;
    kernels.backward_weights(x + first * s.c, &shape,
                             widened(gradient, count, s.out, wide, scratch), wide, dw);
    if (dbias != nullptr) add_rows(gradient, count, s.out, dbias);
  }
}

}  // namespace

bool is_pointwise(const ConvShape& s) {
  return s.kernel == 1 && s.stride == 1 && s.pad.empty();
}

const Scalar* padded_image(const Scalar* image, const ConvShape& s, ConvScratch& scratch,
                           int threads) {
  if (s.pad.empty()) return image;
  scratch.padded.resize({1, s.padded_h(), s.padded_w(), s.c});
  const int parts = std::min(threads, s.h);
  parallel_parts(parts, [&](int part) {
    const int begin = s.h * part / parts, end = s.h * (part + 1) / parts;
    Padding pad = s.pad;
    if (begin > 0) pad.top = 0;
    if (end < s.h) pad.bottom = 0;
    const int row = begin > 0 ? begin + s.pad.top : 0;
    pad_image(image + std::int64_t{begin} * s.w * s.c, end - begin, s.w, s.c, pad,
              scratch.padded.data() + std::int64_t{row} * s.padded_w() * s.c);
  });
  return scratch.padded.data();
}

Padding same_padding(int h, int w, int kernel, int stride) {
  const auto total = [&](int side) {
    return std::max(((side + stride - 1) / stride - 1) * stride + kernel - side, 0);
  };
  const int rows = total(h), columns = total(w);
  return {rows / 2, rows - rows / 2, columns / 2, columns - columns / 2};
}

OutputRange output_range(Activation activation) {
  constexpr Scalar kInfinity = std::numeric_limits<Scalar>::infinity();
  switch (activation) {
    case Activation::none:
      return {false, 0, 0};
    case Activation::relu:
      return {true, 0, kInfinity};
    case Activation::relu6:
      return {true, 0, 6};
  }
  return {};
}

void pack_weights(const Scalar* weights, const ConvShape& s, Tensor& packed) {
  const int panel = selected_kernels().panel;
  packed.resize({1, 1, s.depth(), round_up(s.out, panel)});
  Scalar* target = packed.data();
  for (int o = 0; o < s.out; o += panel) {
    const int channels = std::min(panel, s.out - o);
    for (int row = 0; row < s.depth(); ++row, target += panel) {
      std::copy_n(weights + std::int64_t{row} * s.out + o, channels, target);
      std::fill(target + channels, target + panel, Scalar{0});
    }
  }
}

void conv_forward(const Scalar* x, int n, const ConvShape& s, const Scalar* packed,
                  const Scalar* bias, Scalar* y, ConvScratch& scratch, Activation activation) {
  const DirectKernels& kernels = selected_kernels();
  const DirectShape shape = direct_shape(s);
  const OutputRange range = output_range(activation);
  if (!s.pad.empty()) scratch.padded.resize({1, s.padded_h(), s.padded_w(), s.c});
  // The kernels load the bias in whole panels.
  const Scalar* wide_bias = nullptr;
  if (bias != nullptr) {
    scratch.columns.resize({1, 1, 1, round_up(s.out, kernels.panel)});
    scratch.columns.fill(0);
    std::copy_n(bias, s.out, scratch.columns.data());
    wide_bias = scratch.columns.data();
  }
  for (int i = 0; i < n; ++i) {
    const Scalar* image = x + i * (std::int64_t{s.h} * s.w * s.c);
    if (!s.pad.empty()) {
      pad_image(image, s.h, s.w, s.c, s.pad, scratch.padded.data());
      image = scratch.padded.data();
    }
    kernels.forward(image, &shape, packed, wide_bias, &range,
                    y + i * (std::int64_t{s.out_h()} * s.out_w() * s.out));
  }
}

void conv_backward_input(const Scalar* dy, int n, const ConvShape& s, const Scalar* weights,
                         Scalar* dx, ConvScratch& scratch) {
  if (s.stride != 1 || largest(s.pad) >= s.kernel) {
    conv_backward_input_im2col(dy, n, s, weights, dx, scratch);
    return;
  }
  pack_transposed(weights, s, scratch.packed);
  conv_forward(dy, n, transposed(s), scratch.packed.data(), nullptr, dx, scratch);
}

void conv_backward_weights(const Scalar* x, const Scalar* dy, int n, const ConvShape& s, Scalar* dw,
                           Scalar* dbias, ConvScratch& scratch) {
  if (is_pointwise(s)) {
    pointwise_backward_weights(x, dy, std::int64_t{n} * s.h * s.w, s, dw, dbias, scratch);
    return;
  }
  const DirectKernels& kernels = selected_kernels();
  const DirectShape shape = direct_shape(s);
  const int pixels = s.out_h() * s.out_w();
  const int wide = round_up(s.out, kernels.panel);
  if (!s.pad.empty()) scratch.padded.resize({1, s.padded_h(), s.padded_w(), s.c});
  for (int i = 0; i < n; ++i, dy += std::int64_t{pixels} * s.out) {
    const Scalar* image = x + i * (std::int64_t{s.h} * s.w * s.c);
    if (!s.pad.empty()) {
      pad_image(image, s.h, s.w, s.c, s.pad, scratch.padded.data());
      image = scratch.padded.data();
    }
    kernels.backward_weights(image, &shape, widened(dy, pixels, s.out, wide, scratch), wide, dw);
    if (dbias != nullptr) add_rows(dy, pixels, s.out, dbias);
  }
}

}  // namespace fovea::kernels
