#pragma once

#include <cstdint>
#include <vector>

#include "engine/image/image.h"

namespace fovea {

// The image as a BMP file (24 bits, not compressed): exactly these pixels, read by everything.
std::vector<std::uint8_t> encode_bitmap(const Image& image);

}  // namespace fovea
