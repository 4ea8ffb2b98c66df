#pragma once

#include <array>
#include <string>

#include "engine/core/tensor.h"
#include "engine/image/image.h"

namespace fovea {

// How an image is made square for the network.
enum class Fit {
  crop,     // scale the shorter side to `size`, crop the centre
  stretch,  // scale both sides to `size`; the aspect ratio is lost
  pad,      // scale the longer side to `size`, fill the rest with the mean colour
};
std::string to_string(Fit fit);
Fit parse_fit(const std::string& text);  // throws ConfigError naming the text

// Stored in every model file, so that training, CLI, server and browser preprocess alike.
struct Preprocess {
  int size = 32;  // edge of the square network input, pixels
  Fit fit = Fit::crop;
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f};  // R, G, B of pixels / 255
  std::array<float, 3> std{0.25f, 0.25f, 0.25f};

  bool operator==(const Preprocess&) const = default;
};

// Image -> square image of `size` x `size`, by `fit` and the anti-aliased resize of resize.h.
Image fit_to_square(const Image& image, int size, Fit fit, const std::array<float, 3>& mean);

// x[i] = (pixel / 255 - mean) / std for one image {size, size, 3}.
void normalise(const Image& square, const Preprocess& preprocess, Scalar* x);

// A decoded image -> network input {1, size, size, 3}: fit_to_square(), then normalise().
Tensor preprocess_image(const Image& image, const Preprocess& preprocess);

}  // namespace fovea
