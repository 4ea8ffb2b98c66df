#pragma once

#include <cstdint>
#include <string>

namespace fovea {

// Sizes of a tensor, always in the order n, h, w, c (images, rows, columns, channels; channels
// last in memory). A dense activation is {n, 1, 1, features}; a vector of k numbers {1, 1, 1, k}.
struct Shape {
  int n = 0;
  int h = 0;
  int w = 0;
  int c = 0;

  std::int64_t per_image() const { return std::int64_t{h} * w * c; }
  std::int64_t size() const { return n * per_image(); }
  bool operator==(const Shape&) const = default;
};

// "32x32x3" (h x w x c), or "8x32x32x3" when with_batch.
std::string to_string(const Shape& shape, bool with_batch = false);

}  // namespace fovea
