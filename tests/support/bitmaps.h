#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/rng.h"

namespace fovea::tests {

// A BMP file with a random colour for each pixel; every seed gives another image.
inline std::vector<std::uint8_t> bmp(int seed, int width = 4, int height = 4) {
  std::vector<std::uint8_t> bytes(54);
  const auto put = [&](std::size_t at, int value) {
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
  };
  bytes[0] = 'B', bytes[1] = 'M', bytes[26] = 1, bytes[28] = 24;
  put(10, 54), put(14, 40), put(18, width), put(22, height);
  Rng rng(static_cast<std::uint64_t>(seed));
  const int row = (width * 3 + 3) / 4 * 4;
  for (int i = 0; i < row * height; ++i) bytes.push_back(static_cast<std::uint8_t>(rng.next_u32()));
  return bytes;
}

}  // namespace fovea::tests
