#pragma once

#include <cstdint>
#include <span>

#include "engine/image/image.h"

namespace fovea {

struct DecodeLimits {
  std::int64_t max_pixels = 25'000'000;  // width * height, checked before the pixels are allocated
  double max_aspect = 50;                // longer side / shorter side
};

// Bytes of a JPEG, PNG or BMP file -> upright RGB image. The EXIF orientation (1 to 8) is
// applied, grey becomes R = G = B, transparency is laid over white, 16-bit samples keep their upper
// 8 bits. Throws FormatError saying what is wrong; never reads outside `bytes`. Safe from many
// threads.
Image decode_image(std::span<const std::uint8_t> bytes, const DecodeLimits& limits = {});

}  // namespace fovea
