#pragma once

#include <cstdint>
#include <span>

#include "engine/image/image.h"

namespace fovea {

struct DecodeLimits {
  std::int64_t max_pixels = 25'000'000;  // width * height, checked before the pixels are allocated
  double max_aspect = 50;                // longer side / shorter side
};

// Bytes of a JPEG, PNG or BMP file -> upright RGB image. The EXIF orientation is applied, grey
// becomes R = G = B, transparent pixels are blended with white, 16-bit samples keep their upper 8
// bits. Throws FormatError saying what is wrong; never reads outside `bytes`. Thread-safe.
Image decode_image(std::span<const std::uint8_t> bytes, const DecodeLimits& limits = {});

// exif.cpp:
// The orientation 1..8 in the EXIF block of a JPEG (APP1 segment) or PNG (eXIf chunk), in either
// byte order (EXIF 2.32, tag 0x0112). 1, upright, when there is none or it is malformed. Never
// reads outside `bytes`.
int exif_orientation(std::span<const std::uint8_t> bytes);
// Rotates and mirrors the image so that it is upright; 5 to 8 swap width and height. Throws
// ConfigError when the orientation is not in 1..8.
Image orient(Image image, int orientation);

}  // namespace fovea
