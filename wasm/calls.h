#pragma once

// Shared by the functions for JavaScript (bindings.cpp, training.cpp).

#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace fovea {

using Bytes = std::span<const std::uint8_t>;

inline std::string g_error;  // the text of fv_last_error()

// Returns body(), or `failed` when it throws.
template <typename T, typename Body>
T guarded(T failed, const Body& body) {
  try {
    g_error.clear();
    return body();
  } catch (const std::bad_alloc&) {
    g_error = "out of memory";
  } catch (const std::exception& error) {
    g_error = error.what();
  }
  return failed;
}

// The images of these sizes, which are stored one after another in `size` bytes. Throws ShapeError.
inline std::vector<Bytes> split_images(const std::uint8_t* bytes, std::size_t size,
                                       std::span<const std::uint32_t> sizes) {
  std::vector<Bytes> images;
  std::size_t left = size;
  for (const std::uint32_t image_size : sizes) {
    if (image_size > left) {
      throw ShapeError("image " + std::to_string(images.size()) + " has " +
                       std::to_string(image_size) + " bytes, but only " + std::to_string(left) +
                       " are left");
    }
    images.emplace_back(bytes + (size - left), image_size);
    left -= image_size;
  }
  return images;
}

}  // namespace fovea
