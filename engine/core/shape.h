#pragma once

#include <cstdint>
#include <string>

namespace fovea {

// Sizes of a tensor, always in the order n, h, w, c: images, rows, columns, channels, with the
// channels adjacent in memory. Inputs and outputs of a dense layer are {n, 1, 1, features}; a
// vector of k numbers is {1, 1, 1, k}.
struct Shape {
  int n = 0;
  int h = 0;
  int w = 0;
  int c = 0;

  std::int64_t per_image() const { return std::int64_t{h} * w * c; }
  std::int64_t size() const { return n * per_image(); }
  bool operator==(const Shape&) const = default;
};

// The number of elements as an int, the type of tensor sizes and labels. All containers of
// the engine have fewer than 2^31 elements.
template <class Container>
constexpr int int_size(const Container& container) {
  return static_cast<int>(container.size());
}

// "32x32x3" (h x w x c), or "8x32x32x3" when with_batch.
std::string to_string(const Shape& shape, bool with_batch = false);

}  // namespace fovea
