#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/image/decode.h"

// Image files of tests/data/images (made by tests/data/make_images.py).
namespace fovea::tests {

inline std::vector<std::uint8_t> image_bytes(const std::string& name) {
  return read_file(std::string(FOVEA_SOURCE_DIR) + "/tests/data/images/" + name);
}

inline Image read_test_image(const std::string& name) {
  return decode_image(image_bytes(name));
}

// Why a file is rejected; empty if it is decoded.
inline std::string rejection(const std::vector<std::uint8_t>& bytes,
                             const DecodeLimits& limits = {}) {
  try {
    decode_image(bytes, limits);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

// The largest difference of a channel of a pixel; 256 when the sizes differ.
inline int largest_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) {
    largest = std::max(largest, std::abs(int{a.rgb[i]} - int{b.rgb[i]}));
  }
  return largest;
}

}  // namespace fovea::tests
