#include "engine/image/decode.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "engine/core/error.h"

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
#define STBI_ONLY_BMP
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

namespace fovea {
namespace {

using Bytes = std::span<const std::uint8_t>;

// stb_image tries one format after the other, so its reason may be that a JPEG is not a PNG.
bool is_of_another_format(std::string_view reason) {
  constexpr std::string_view kOthers[] = {"", "no SOI", "bad png sig", "not BMP",
                                          "unknown image type"};
  return std::find(std::begin(kOthers), std::end(kOthers), reason) != std::end(kOthers);
}

[[noreturn]] void fail(const std::string& kind) {
  const char* reason = stbi_failure_reason();
  const std::string text = reason ? reason : "";
  throw FormatError("damaged or unsupported " + kind + ": " +
                    (is_of_another_format(text) ? "the file is damaged or truncated" : text));
}

// The format by the first bytes; empty when it is not supported.
std::string kind_of(Bytes bytes) {
  const auto starts_with = [&](std::initializer_list<std::uint8_t> magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
  };
  if (starts_with({0xFF, 0xD8})) return "JPEG";
  if (starts_with({0x89, 'P', 'N', 'G'})) return "PNG";
  if (starts_with({'B', 'M'})) return "BMP";
  return "";
}

std::uint64_t little_endian(Bytes bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | bytes[at + i];
  return value;
}

std::uint64_t big_endian(Bytes bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | bytes[at + i];
  return value;
}

// stb_image 2.27 (Debian 12) writes the code lengths of a Huffman table into 257 bytes without a
// bounds check, and a file can claim up to 16 * 255 codes. It also uses index 255, which no encoder
// needs, as a sentinel. So the codes of every table are counted first, in the order in which
// stb_image finds the markers (ITU-T T.81, B.2.4.2): a marker is FF and a byte that is neither 00,
// FF nor a restart marker; its segment is skipped by its length; the search continues behind it,
// also through image data.
void check_huffman_tables(Bytes jpeg) {
  std::size_t at = 2;
  while (at + 4 <= jpeg.size()) {
    if (jpeg[at++] != 0xFF) continue;
    while (at < jpeg.size() && jpeg[at] == 0xFF) ++at;
    if (at + 3 > jpeg.size()) return;
    const int marker = jpeg[at++];
    if (marker == 0 || (marker >= 0xD0 && marker <= 0xD8)) continue;
    if (marker == 0xD9) return;
    const std::size_t end = at + big_endian(jpeg, at, 2);
    std::size_t table = at + 2;
    while (marker == 0xC4 && table < end && table < jpeg.size()) {
      int codes = 0;
      const std::size_t counts_end = std::min(table + 17, jpeg.size());
      for (std::size_t i = table + 1; i < counts_end; ++i) codes += jpeg[i];
      if (codes > 255) {
        throw FormatError("damaged or unsupported JPEG: a Huffman table of " +
                          std::to_string(codes) + " codes; the limit is 255");
      }
      table += 17 + codes;
    }
    at = std::max(end, at + 2);
  }
}

// stb_image reads missing BMP bytes as zeros, so a truncated file would become a black image.
void check_bmp_is_whole(Bytes bytes, int width, int height) {
  if (bytes.size() < 30) throw FormatError("damaged or unsupported BMP: the header is truncated");
  const bool old_header = little_endian(bytes, 14, 4) == 12;
  const std::uint64_t bits_per_pixel = little_endian(bytes, old_header ? 24 : 28, 2);
  const std::uint64_t row = (bits_per_pixel * width + 31) / 32 * 4;
  const std::uint64_t needed = little_endian(bytes, 10, 4) + row * height;
  if (needed > bytes.size()) {
    throw FormatError("damaged or unsupported BMP: the file has " + std::to_string(bytes.size()) +
                      " of " + std::to_string(needed) + " bytes");
  }
}

void check_size(std::int64_t width, std::int64_t height, const DecodeLimits& limits) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width < 1 || height < 1) throw FormatError("the image is empty: " + size);
  const std::uint64_t pixels = std::uint64_t(width) * std::uint64_t(height);  // each below 2^32
  if (pixels > std::uint64_t(limits.max_pixels)) {
    // The page recognises this text (www/src/net/errors.ts).
    throw FormatError("the image is too large: " + size + " = " + std::to_string(pixels) +
                      " pixels, the limit is " + std::to_string(limits.max_pixels));
  }
  if (double(std::max(width, height)) > limits.max_aspect * double(std::min(width, height))) {
    char limit[32];
    std::snprintf(limit, sizeof limit, "%g", limits.max_aspect);
    throw FormatError("the image is too narrow: " + size + "; the longer side may be at most " +
                      limit + " times the shorter");
  }
}

// {pixels, channels} -> {pixels, 3}; channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
void to_rgb(const std::uint8_t* from, int channels, std::size_t pixels, std::uint8_t* to) {
  const bool grey = channels < 3;
  const bool alpha = channels == 2 || channels == 4;
  for (std::size_t i = 0; i < pixels; ++i, from += channels, to += 3) {
    for (int c = 0; c < 3; ++c) {
      const int value = from[grey ? 0 : c];
      const int a = alpha ? from[channels - 1] : 255;  // blended with white, rounded
      to[c] = static_cast<std::uint8_t>((value * a + 255 * (255 - a) + 127) / 255);
    }
  }
}

}  // namespace

Image decode_image(Bytes bytes, const DecodeLimits& limits) {
  const std::string kind = kind_of(bytes);
  if (kind.empty()) throw FormatError("not a JPEG, PNG or BMP image");
  if (bytes.size() > INT_MAX) {
    throw FormatError("the image file is too large: " + std::to_string(bytes.size()) + " bytes");
  }
  if (kind == "JPEG") check_huffman_tables(bytes);
  // Before stb_image, whose own limit gives an error without numbers.
  if (kind == "PNG" && bytes.size() >= 24) {
    check_size(big_endian(bytes, 16, 4), big_endian(bytes, 20, 4), limits);
  }
  const int length = static_cast<int>(bytes.size());
  largest_block = std::size_t{1} << 20;
  int width = 0, height = 0, channels = 0;
  if (!stbi_info_from_memory(bytes.data(), length, &width, &height, &channels)) fail(kind);
  check_size(width, height, limits);
  if (kind == "BMP") check_bmp_is_whole(bytes, width, height);
  // Room for 4 channels of 16 bits in a buffer that grows by doubling, with sides rounded up to
  // JPEG's largest block of 32 pixels, and for a copy of the file that grows the same way.
  largest_block +=
      std::max((std::size_t(width) + 31) * (std::size_t(height) + 31) * 16, bytes.size() * 2);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes.data(), length, &width, &height, &channels, 0), stbi_image_free);
  if (!pixels) fail(kind);
  check_size(width, height, limits);
  const std::size_t count = std::size_t(width) * height;
  Image image{width, height, std::vector<std::uint8_t>(count * 3)};
  to_rgb(pixels.get(), channels, count, image.rgb.data());
  return orient(std::move(image), exif_orientation(bytes));
}

}  // namespace fovea
