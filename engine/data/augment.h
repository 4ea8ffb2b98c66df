#pragma once

#include <cstdint>

namespace fovea {

// Random changes to training images that do not change their class. 0 or false = off. The defaults
// suit small photographs; mirroring changes the class of letters, digits and hand signs.
struct AugmentOptions {
  bool flip = true;  // mirror left to right with probability 1/2
  // Flip each image in every second epoch, so that two consecutive epochs show it both ways
  // (Jordan, arXiv 2404.00498, section 3.6).
  bool alternating_flip = false;
  int shift = 2;         // maximum in pixels, both axes; borders are reflected
  float rotate = 0;      // maximum in degrees, both directions
  float zoom = 0;        // scale by 1 - zoom to 1 + zoom; below 1
  int cutout = 0;        // edge of a grey square that covers part of the image, pixels
                         // (DeVries and Taylor, arXiv 1708.04552)
  float brightness = 0;  // adds -brightness to brightness to values in [0, 1]
  float contrast = 0;    // scales the distance from grey by 1 - contrast to 1 + contrast
  float crop = 1;        // a random square of at least this fraction of the area; 1 = all of it

  bool operator==(const AugmentOptions&) const = default;
};

// Writes the augmented image {size, size, 3} to `out` of the same size. A function of the options
// and of (seed, epoch, index), so neither order nor threads matter. With everything off: a copy.
// REQUIRES: out does not overlap square, zoom < 1, 0 < crop <= 1.
void augment(const std::uint8_t* square, int size, std::uint8_t* out, const AugmentOptions& options,
             std::uint64_t seed, int epoch, int index);

}  // namespace fovea
