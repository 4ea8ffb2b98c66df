#include <algorithm>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string>

#include "engine/core/error.h"
#include "engine/image/formats.h"

// A file may unpack to far more than its header says (a PNG of one pixel around a gigabyte of
// zeros), so stb_image gets no block larger than this. Blocks are zeroed, so that pixels which a
// damaged file leaves out do not reveal earlier contents of the memory.
static thread_local std::size_t largest_block = 0;

static void* limited_malloc(std::size_t size) {
  return size <= largest_block ? std::calloc(1, size) : nullptr;
}
static void* limited_realloc(void* block, std::size_t old_size, std::size_t new_size) {
  void* larger = new_size <= largest_block ? std::realloc(block, new_size) : nullptr;
  if (larger && new_size > old_size) {
    std::fill_n(static_cast<char*>(larger) + old_size, new_size - old_size, '\0');
  }
  return larger;
}

// No SIMD: its colour conversion rounds differently, and native and WebAssembly results must agree.
#define STBI_NO_SIMD
#define STBI_NO_STDIO
#define STBI_ASSERT(condition) ((void)0)  // a damaged file must not end the program
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_MAX_DIMENSIONS 65535
#define STBI_MALLOC(size) limited_malloc(size)
#define STBI_REALLOC_SIZED(block, old_size, new_size) limited_realloc(block, old_size, new_size)
#define STBI_FREE(block) std::free(block)
// For an empty chunk before the first full one it calls memcpy with a null pointer and size 0.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("nonnull-attribute"))), apply_to = function)
#endif
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

namespace fovea::formats {
namespace {

// What stb_image reports for data that check_jpeg() and check_png() do not look into.
[[noreturn]] void fail(const std::string& kind) {
  const char* text = stbi_failure_reason();
  const std::string reason = text ? text : "";
  if (reason == "outofmem") {
    throw FormatError("the " + kind +
                      " file is damaged or there is not enough memory: it unpacks " +
                      "to more than its size in pixels needs");
  }
  if (reason == "not enough pixels") cut_off(kind, "the compressed image data end too early");
  throw FormatError("the " + kind + " file is damaged: the compressed image data are invalid or " +
                    "end too early" + (reason.empty() ? "" : " (" + reason + ")"));
}

// {pixels, channels} -> {pixels, 3}; channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
void to_rgb(const std::uint8_t* from, int channels, std::size_t pixels, std::uint8_t* to) {
  const bool grey = channels < 3;
  const bool alpha = channels == 2 || channels == 4;
  if (channels == 3) {
    std::copy_n(from, pixels * 3, to);
    return;
  }
  for (std::size_t i = 0; i < pixels; ++i, from += channels, to += 3) {
    for (int c = 0; c < 3; ++c)
      to[c] = on_white(from[grey ? 0 : c], alpha ? from[channels - 1] : 255);
  }
}

Image decode(const std::string& kind, const CheckedFile& file) {
  if (file.bytes.size() > INT_MAX) {
    throw FormatError("the image file is too large: " + std::to_string(file.bytes.size()) +
                      " bytes");
  }
  // Room for 4 channels of 16 bits in a buffer that grows by doubling, with sides rounded up to
  // JPEG's largest block of 32 pixels, and for a copy of the file that grows the same way.
  const std::size_t padded =
      (std::size_t(file.size.width) + 31) * (std::size_t(file.size.height) + 31);
  largest_block = (std::size_t{1} << 20) + std::max(padded * 16, file.bytes.size() * 2);
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<std::uint8_t, void (*)(void*)> pixels(
      stbi_load_from_memory(file.bytes.data(), static_cast<int>(file.bytes.size()), &width, &height,
                            &channels, 0),
      stbi_image_free);
  if (!pixels) fail(kind);
  if (width != file.size.width || height != file.size.height) fail(kind);
  const std::size_t count = std::size_t(width) * std::size_t(height);
  Image image{width, height, std::vector<std::uint8_t>(count * 3)};
  to_rgb(pixels.get(), channels, count, image.rgb.data());
  return image;
}

}  // namespace

Image decode_jpeg(Bytes file, const DecodeLimits& limits) {
  return decode("JPEG", check_jpeg(file, limits));
}

Image decode_png(Bytes file, const DecodeLimits& limits) {
  return decode("PNG", check_png(file, limits));
}

std::vector<std::uint8_t> inflate(Bytes zlib, std::size_t max_bytes) {
  if (zlib.size() > INT_MAX) return {};
  largest_block = std::max<std::size_t>(max_bytes, 1 << 14);
  int size = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      stbi_zlib_decode_malloc(reinterpret_cast<const char*>(zlib.data()),
                              static_cast<int>(zlib.size()), &size),
      stbi_image_free);
  if (!text) return {};
  return {text.get(), text.get() + size};
}

}  // namespace fovea::formats
