#pragma once

#include <cstdint>

namespace fovea {

// Random changes to training images that leave their meaning alone. 0 or false = off. The
// defaults suit small photographs; mirroring changes the meaning of letters, digits and hands.
struct AugmentOptions {
  bool flip = true;               // mirror left to right, half of the time
  bool alternating_flip = false;  // the other way in every next epoch: each image is seen both
                                  // ways in any two epochs (Jordan, arXiv 2404.00498, section 3.6)
  int shift = 2;                  // up to so many pixels each way, filled by reflection
  float rotate = 0;               // up to so many degrees each way
  float zoom = 0;                 // by a factor of 1 - zoom to 1 + zoom; below 1
  int cutout = 0;                 // edge of a grey square laid over the image, pixels
                                  // (DeVries and Taylor, arXiv 1708.04552)
  float brightness = 0;           // added to all values: -brightness to brightness, of value / 255
  float contrast = 0;             // values' distance from grey times 1 - contrast to 1 + contrast

  bool operator==(const AugmentOptions&) const = default;
};

// Changes an image {size, size, 3} into `out` of the same size: a function of the options and of
// (seed, epoch, index), so neither order nor threads matter. All off: a plain copy.
// REQUIRES: out does not overlap square, zoom < 1.
void augment(const std::uint8_t* square, int size, std::uint8_t* out, const AugmentOptions& options,
             std::uint64_t seed, int epoch, int index);

}  // namespace fovea
