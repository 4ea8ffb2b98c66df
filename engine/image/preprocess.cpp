#include "engine/image/preprocess.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/image/resize.h"

namespace fovea {
namespace {

// side * to / from, rounded to the nearest integer with halves up, at least 1.
int scaled(int side, int to, int from) {
  const std::int64_t doubled = 2 * std::int64_t{side} * to + from;
  return static_cast<int>(std::max<std::int64_t>(1, doubled / (2 * std::int64_t{from})));
}

Image crop_to_square(const Image& image, int size) {
  const int shorter = std::min(image.width, image.height);
  const int width = scaled(image.width, size, shorter);
  const int height = scaled(image.height, size, shorter);
  return resize_and_crop(image, width, height, (width - size) / 2, (height - size) / 2, size, size);
}

Image pad_to_square(const Image& image, int size, const std::array<float, 3>& mean) {
  const int longer = std::max(image.width, image.height);
  const Image inner =
      resize(image, scaled(image.width, size, longer), scaled(image.height, size, longer));
  Image out{size, size, std::vector<std::uint8_t>(std::size_t(size) * size * 3)};
  // Fill everything with the mean colour, then copy the image into the centre.
  for (std::size_t i = 0; i < out.rgb.size(); ++i) {
    out.rgb[i] = static_cast<std::uint8_t>(
        std::clamp(std::floor(double{mean[i % 3]} * 255 + 0.5), 0.0, 255.0));
  }
  const int x0 = (size - inner.width) / 2, y0 = (size - inner.height) / 2;
  for (int y = 0; y < inner.height; ++y) {
    std::copy_n(&inner.rgb[std::size_t(y) * inner.width * 3], std::size_t(inner.width) * 3,
                &out.rgb[(std::size_t(y0 + y) * size + x0) * 3]);
  }
  return out;
}

}  // namespace

std::string to_string(Fit fit) {
  switch (fit) {
    case Fit::crop:
      return "crop";
    case Fit::stretch:
      return "stretch";
    case Fit::pad:
      return "pad";
  }
  throw std::logic_error("fit " + std::to_string(static_cast<int>(fit)) + " does not exist");
}

Fit parse_fit(const std::string& text) {
  for (const Fit fit : {Fit::crop, Fit::stretch, Fit::pad}) {
    if (text == to_string(fit)) return fit;
  }
  throw ConfigError("fit \"" + text + "\" is not one of crop, stretch, pad");
}

Image fit_to_square(const Image& image, int size, Fit fit, const std::array<float, 3>& mean) {
  switch (fit) {
    case Fit::crop:
      return crop_to_square(image, size);
    case Fit::stretch:
      return resize(image, size, size);
    case Fit::pad:
      return pad_to_square(image, size, mean);
  }
  throw std::logic_error("fit " + std::to_string(static_cast<int>(fit)) + " does not exist");
}

void normalise(const Image& square, const Preprocess& preprocess, Scalar* x) {
  // Divisions instead of multiplications by a reciprocal: there is nothing that a compiler could
  // fuse into a multiply-add, so every build gives the same bits.
  for (std::size_t i = 0; i < square.rgb.size(); i += 3) {
    for (int c = 0; c < 3; ++c) {
      x[i + c] = (Scalar(square.rgb[i + c]) / 255 - Scalar(preprocess.mean[c])) /
                 Scalar(preprocess.std[c]);
    }
  }
}

Tensor preprocess_image(const Image& image, const Preprocess& preprocess) {
  Tensor x(Shape{1, preprocess.size, preprocess.size, 3});
  normalise(fit_to_square(image, preprocess.size, preprocess.fit, preprocess.mean), preprocess,
            x.data());
  return x;
}

}  // namespace fovea
