#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/image/decode.h"
#include "engine/image/image.h"

// The decoders behind decode_image(), one per format. Internal to engine/image.
namespace fovea::formats {

using Bytes = std::span<const std::uint8_t>;

// Each function decodes the file without its EXIF orientation. The size is checked against the
// limits before memory for the pixels is allocated. They throw FormatError: see cut_off(),
// damaged() and unsupported() below. Thread-safe.
Image decode_jpeg(Bytes file, const DecodeLimits& limits);
Image decode_png(Bytes file, const DecodeLimits& limits);
Image decode_bmp(Bytes file, const DecodeLimits& limits);
Image decode_gif(Bytes file, const DecodeLimits& limits);   // the first frame
Image decode_webp(Bytes file, const DecodeLimits& limits);  // the first frame
// The main image of a HEIC or AVIF file, upright; `kind` is one of these names. Only where libheif
// is present (FOVEA_HEIF). It decodes in the calling thread; several threads may decode at once.
Image decode_heif(Bytes file, const std::string& kind, const DecodeLimits& limits);

// The sides of a JPEG or PNG file.
struct Size {
  int width = 0;
  int height = 0;
};
// A JPEG file with the same image whose structure is complete and regular, so that stb_image cannot
// guess: every table is defined before its use, every scan has all its data, and nothing else is in
// the file. Throws FormatError when the file is cut off, damaged or of a kind that is not
// supported.
struct CheckedFile {
  std::vector<std::uint8_t> bytes;
  Size size;
};
CheckedFile check_jpeg(Bytes file, const DecodeLimits& limits);
// The same for a PNG file: only the chunks that define pixels, with checked CRCs.
CheckedFile check_png(Bytes file, const DecodeLimits& limits);

// Whether the CRC of the chunk at `at` with `length` bytes of contents, which are in the file, is
// right.
bool png_crc_matches(Bytes file, std::size_t at, std::size_t length);

// zlib data -> at most max_bytes; empty when they are damaged or longer.
std::vector<std::uint8_t> inflate(Bytes zlib, std::size_t max_bytes);

// Throws FormatError when the image is empty, larger or narrower than the limits allow.
void check_size(std::int64_t width, std::int64_t height, const DecodeLimits& limits);

// Blends a sample with white: (value * alpha + 255 * (255 - alpha)) / 255, rounded.
inline std::uint8_t on_white(int value, int alpha) {
  return static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

// `kind` is the name of the format, "JPEG". The texts are "the JPEG file is cut off: WHAT", "the
// JPEG file is damaged at byte AT: WHAT" and "the JPEG file WHAT, which is not supported; save it
// as ...".
[[noreturn]] void cut_off(const std::string& kind, const std::string& what);
[[noreturn]] void damaged(const std::string& kind, std::size_t at, const std::string& what);
[[noreturn]] void unsupported(const std::string& kind, const std::string& what);

// Numbers in a file; the caller has checked that they are inside.
inline std::uint32_t little16(Bytes bytes, std::size_t at) {
  return bytes[at] | std::uint32_t{bytes[at + 1]} << 8;
}
inline std::uint32_t little32(Bytes bytes, std::size_t at) {
  return little16(bytes, at) | little16(bytes, at + 2) << 16;
}
inline std::uint32_t big16(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 8 | bytes[at + 1];
}
inline std::uint32_t big32(Bytes bytes, std::size_t at) {
  return big16(bytes, at) << 16 | big16(bytes, at + 2);
}

}  // namespace fovea::formats
