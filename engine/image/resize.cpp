#include "engine/image/resize.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "engine/core/error.h"
#include "engine/core/multiarch.h"
#include "engine/core/shape.h"

namespace fovea {
namespace {

constexpr int kBits = 22;  // of a weight's fraction: 255 * 2^22 fits into 31 bits
constexpr int kOne = 1 << kBits;

// The source pixels that one output pixel is a weighted mean of: weights[i] belongs to source pixel
// first + i, in units of 1 / kOne. They sum to kOne.
struct Taps {
  int first = 0;
  std::vector<std::int32_t> weights;
};

// With pixel centres at half integers, output pixel x maps to source position (x + 1/2) in / out,
// and a triangle of half width max(1, in / out) around it gives the weights. Everything is scaled
// by 2 * out, so that all numbers are integers and no platform's rounding matters:
//   weight(s) = 2 max(in, out) - |(2 s + 1) out - (2 x + 1) in|, where positive.
Taps compute_taps(int x, std::int64_t in, std::int64_t out) {
  const std::int64_t half = 2 * std::max(in, out);
  const std::int64_t centre = (2 * std::int64_t{x} + 1) * in;
  const auto weight = [&](std::int64_t s) { return half - std::abs((2 * s + 1) * out - centre); };
  std::int64_t first = std::clamp<std::int64_t>(centre / (2 * out), 0, in - 1);
  std::int64_t last = first;
  while (first > 0 && weight(first - 1) > 0) --first;
  while (last + 1 < in && weight(last + 1) > 0) ++last;
  std::int64_t sum = 0;
  for (std::int64_t s = first; s <= last; ++s) sum += weight(s);
  Taps taps{static_cast<int>(first), {}};
  std::int64_t rest = kOne;
  for (std::int64_t s = first; s <= last; ++s) {
    const std::int64_t share = (2 * weight(s) * kOne + sum) / (2 * sum);
    taps.weights.push_back(static_cast<std::int32_t>(share));
    rest -= share;
  }
  // The rounding remainder goes to the largest weight, so that a constant image stays constant.
  *std::max_element(taps.weights.begin(), taps.weights.end()) += static_cast<std::int32_t>(rest);
  return taps;
}

void check_inside(int full_width, int full_height, int x0, int y0, int width, int height) {
  if (x0 >= 0 && y0 >= 0 && width >= 1 && height >= 1 && x0 <= full_width - width &&
      y0 <= full_height - height) {
    return;
  }
  throw ShapeError("cannot crop " + std::to_string(width) + "x" + std::to_string(height) + " at (" +
                   std::to_string(x0) + ", " + std::to_string(y0) + ") out of " +
                   std::to_string(full_width) + "x" + std::to_string(full_height));
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>((sum + kOne / 2) >> kBits);
}

// For the output pixels x0 <= x < x0 + count.
std::vector<Taps> compute_all_taps(int x0, int count, int in, int out) {
  std::vector<Taps> taps;
  taps.reserve(count);
  for (int x = x0; x < x0 + count; ++x) taps.push_back(compute_taps(x, in, out));
  return taps;
}

// First pass: resamples the source rows top <= y < bottom horizontally.
Image resize_rows(const Image& image, const std::vector<Taps>& taps, int top, int bottom) {
  const int width = int_size(taps);
  Image out{width, bottom - top, {}};
  out.rgb.resize(std::size_t(width) * (bottom - top) * 3);
  std::uint8_t* to = out.rgb.data();
  for (int y = top; y < bottom; ++y) {
    const std::uint8_t* row = &image.rgb[std::size_t(y) * image.width * 3];
    for (const Taps& tap : taps) {
      const std::uint8_t* from = row + std::size_t(tap.first) * 3;
      std::int32_t r = 0, g = 0, b = 0;
      for (const std::int32_t weight : tap.weights) {
        r += weight * from[0], g += weight * from[1], b += weight * from[2];
        from += 3;
      }
      *to++ = rounded(r), *to++ = rounded(g), *to++ = rounded(b);
    }
  }
  return out;
}

FOVEA_MULTIARCH
void add_weighted(const std::uint8_t* from, std::size_t n, std::int32_t weight,
                  std::int32_t* sums) {
  for (std::size_t i = 0; i < n; ++i) sums[i] += weight * from[i];
}

// Second pass: resamples vertically. `image` holds the source rows from `top` on.
Image resize_columns(const Image& image, const std::vector<Taps>& taps, int top) {
  const int height = int_size(taps);
  const std::size_t row = std::size_t(image.width) * 3;
  Image out{image.width, height, std::vector<std::uint8_t>(row * height)};
  std::vector<std::int32_t> sums(row);
  for (int y = 0; y < height; ++y) {
    const Taps& tap = taps[y];
    std::fill(sums.begin(), sums.end(), 0);
    const std::uint8_t* from = &image.rgb[(tap.first - top) * row];
    for (const std::int32_t weight : tap.weights) {
      add_weighted(from, row, weight, sums.data());
      from += row;
    }
    std::transform(sums.begin(), sums.end(), &out.rgb[y * row], rounded);
  }
  return out;
}

}  // namespace

Image resize(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  return resize_and_crop(image, width, height, 0, 0, width, height);
}

Image resize_and_crop(const Image& image, int full_width, int full_height, int x0, int y0,
                      int width, int height) {
  constexpr int kMaxSide = 16384;
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    throw ShapeError("cannot resize to " + std::to_string(width) + "x" + std::to_string(height) +
                     ": sides must be in 1.." + std::to_string(kMaxSide));
  }
  check_inside(full_width, full_height, x0, y0, width, height);
  // Without scaling every output pixel would have one tap of weight 1.
  if (full_width == image.width && full_height == image.height) {
    return crop(image, x0, y0, width, height);
  }
  const std::vector<Taps> columns = compute_all_taps(x0, width, image.width, full_width);
  const std::vector<Taps> rows = compute_all_taps(y0, height, image.height, full_height);
  // The first pass only computes the rows that the second one reads.
  const int top = rows.front().first;
  const int bottom = rows.back().first + int_size(rows.back().weights);
  return resize_columns(resize_rows(image, columns, top, bottom), rows, top);
}

Image crop(const Image& image, int x0, int y0, int width, int height) {
  check_inside(image.width, image.height, x0, y0, width, height);
  Image out{width, height, std::vector<std::uint8_t>(std::size_t(width) * height * 3)};
  for (int y = 0; y < height; ++y) {
    std::copy_n(&image.rgb[(std::size_t(y0 + y) * image.width + x0) * 3], std::size_t(width) * 3,
                &out.rgb[std::size_t(y) * width * 3]);
  }
  return out;
}

Image limit_size(Image image, int max_shorter) {
  const int shorter = std::min(image.width, image.height);
  if (shorter <= max_shorter) return image;
  const auto scaled = [&](int side) {
    return static_cast<int>((2 * std::int64_t{side} * max_shorter + shorter) / (2 * shorter));
  };
  return resize(image, scaled(image.width), scaled(image.height));
}

}  // namespace fovea
