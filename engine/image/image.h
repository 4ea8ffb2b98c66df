#pragma once

#include <cstdint>
#include <vector>

namespace fovea {

// A decoded image: 8-bit sRGB, 3 channels, rows top to bottom, {height, width, 3} in memory.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  // height * width * 3 bytes

  bool operator==(const Image&) const = default;
};

}  // namespace fovea
