#pragma once

#include <cstdint>
#include <vector>

#include "engine/image/image.h"

namespace fovea {

// The image as an uncompressed BMP file with 24 bits per pixel: the same pixels without loss.
std::vector<std::uint8_t> encode_bitmap(const Image& image);

}  // namespace fovea
