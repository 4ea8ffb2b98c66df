
#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/image/decode.h"
#include "engine/image/formats.h"
#include "engine/image/jpeg_scan.h"

namespace fovea {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Numbers of either byte order in untrusted bytes.
class EndianReader {
 public:
  EndianReader(Bytes bytes, bool little_endian) : bytes_(bytes), little_(little_endian) {}

  // The number of `size` bytes at offset `at`; nothing when it is not inside.
  std::optional<std::uint32_t> number(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return {};
    std::uint32_t value = 0;
    for (std::uint64_t i = 0; i < size; ++i) {
      value = value << 8 | bytes_[little_ ? at + size - 1 - i : at + i];
    }
    return value;
  }

 private:
  Bytes bytes_;
  bool little_;
};

bool starts_with(Bytes bytes, const char* text, std::size_t size) {
  return bytes.size() >= size && std::memcmp(bytes.data(), text, size) == 0;
}

// `tiff` is an EXIF block from its byte-order mark on. Only the first directory holds the
// orientation of the main image, so just one offset is followed and a file cannot form a loop.
int orientation_of_tiff(Bytes tiff) {
  const bool little = starts_with(tiff, "II", 2);
  if (!little && !starts_with(tiff, "MM", 2)) return 1;
  const EndianReader in(tiff, little);
  // Header: byte order, 42, offset of the first directory.
  if (in.number(2, 2) != 42u) return 1;
  const auto directory = in.number(4, 4);
  if (!directory) return 1;
  const auto entries = in.number(*directory, 2);
  if (!entries) return 1;
  // Entries of 12 bytes: tag, type, number of values, value.
  constexpr std::uint32_t kOrientation = 0x0112, kByte = 1, kShort = 3, kLong = 4;
  for (std::uint32_t i = 0; i < *entries; ++i) {
    const std::uint64_t at = std::uint64_t{*directory} + 2 + 12 * std::uint64_t{i};
    const auto tag = in.number(at, 2);
    if (!tag) return 1;
    if (*tag != kOrientation) continue;
    // A SHORT by the standard; some programs write a BYTE or a LONG.
    const std::uint32_t type = in.number(at + 2, 2).value_or(0);
    const std::uint64_t size = type == kByte ? 1 : type == kShort ? 2 : type == kLong ? 4 : 0;
    if (size == 0 || in.number(at + 4, 4) != 1u) return 1;
    const std::uint32_t value = in.number(at + 8, size).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int orientation_of_jpeg(Bytes jpeg) {
  // Segments: FF and a code, then the length (which counts itself) and the contents. Other bytes
  // between segments are skipped, as the decoder does.
  const EndianReader in(jpeg, false);
  std::uint64_t at = 2;
  while (true) {
    at = formats::find_jpeg_marker(jpeg, at);
    if (at >= jpeg.size()) return 1;
    const std::uint32_t code = jpeg[at + 1];
    if (code == 0xDA || code == 0xD9) return 1;  // start of the image data, or end of the file
    if (code == 0x01 || (code >= 0xD0 && code <= 0xD8)) {  // without contents
      at += 2;
      continue;
    }
    const auto length = in.number(at + 2, 2);
    if (!length || *length < 2 || at + 2 + *length > jpeg.size()) return 1;
    const Bytes segment = jpeg.subspan(at + 4, *length - 2);
    if (code == 0xE1 && starts_with(segment, "Exif\0\0", 6)) {
      return orientation_of_tiff(segment.subspan(6));
    }
    at += 2 + *length;
  }
}

// ImageMagick's form of EXIF in a text chunk: line break, "exif", line break, size, line break, the
// bytes as hexadecimal digits with line breaks.
int orientation_of_profile(Bytes text) {
  std::size_t at = 0;
  for (int line = 0; line < 3; ++line) {
    while (at < text.size() && text[at] != '\n') ++at;
    ++at;
  }
  std::vector<std::uint8_t> exif;
  int digits = 0, value = 0;
  for (; at < text.size(); ++at) {
    const int c = text[at] | 0x20;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) continue;
    value = value << 4 | digit;
    if (++digits % 2 == 0) exif.push_back(static_cast<std::uint8_t>(value));
  }
  Bytes tiff = exif;
  if (starts_with(tiff, "Exif\0\0", 6)) tiff = tiff.subspan(6);
  return orientation_of_tiff(tiff);
}

// A chunk tEXt (key, 0, text) or zTXt (key, 0, 0, zlib data) with such a profile.
int orientation_of_text_chunk(Bytes body, bool compressed) {
  for (const char* key : {"Raw profile type exif", "Raw profile type APP1"}) {
    const std::size_t size = std::strlen(key) + 1;
    if (!starts_with(body, key, size)) continue;
    if (!compressed) return orientation_of_profile(body.subspan(size));
    if (body.size() <= size) return 1;
    constexpr std::size_t kMaxProfile = 1 << 18;  // an EXIF block has at most 64 KiB
    return orientation_of_profile(formats::inflate(body.subspan(size + 1), kMaxProfile));
  }
  return 1;
}

int orientation_of_png(Bytes png) {
  // Chunks: length of the contents, type, contents, CRC.
  const EndianReader in(png, false);
  std::uint64_t at = 8;
  int by_text = 1;
  while (true) {
    const auto length = in.number(at, 4);
    if (!length || at + 12 + *length > png.size()) return by_text;
    const Bytes chunk = png.subspan(at + 4, 4 + *length);
    if (starts_with(chunk, "eXIf", 4) && formats::png_crc_matches(png, at, *length))
      return orientation_of_tiff(chunk.subspan(4));
    const bool compressed = starts_with(chunk, "zTXt", 4);
    if (by_text == 1 && (compressed || starts_with(chunk, "tEXt", 4))) {
      by_text = orientation_of_text_chunk(chunk.subspan(4), compressed);
    }
    if (starts_with(chunk, "IEND", 4)) return by_text;
    at += 12 + *length;
  }
}

int orientation_of_webp(Bytes webp) {
  // Chunks: type, length of the contents, contents, padded to an even length.
  const EndianReader in(webp, true);
  std::uint64_t at = 12;
  while (true) {
    const auto length = in.number(at + 4, 4);
    if (!length || at + 8 + *length > webp.size()) return 1;
    Bytes body = webp.subspan(at + 8, *length);
    if (starts_with(webp.subspan(at), "EXIF", 4)) {
      if (starts_with(body, "Exif\0\0", 6)) body = body.subspan(6);
      return orientation_of_tiff(body);
    }
    at += 8 + *length + *length % 2;
  }
}

}  // namespace

int exif_orientation(Bytes bytes) {
  if (starts_with(bytes, "\xFF\xD8", 2)) return orientation_of_jpeg(bytes);
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n", 8)) return orientation_of_png(bytes);
  if (starts_with(bytes, "RIFF", 4) && bytes.size() >= 12 &&
      starts_with(bytes.subspan(8), "WEBP", 4)) {
    return orientation_of_webp(bytes);
  }
  return 1;
}

Image orient(Image image, int orientation) {
  if (orientation < 1 || orientation > 8) {
    throw ConfigError("orientation " + std::to_string(orientation) + " is not in 1..8");
  }
  if (orientation == 1) return image;
  // Each orientation is a transposition or not, combined with mirroring x or not and y or not.
  const bool swap = orientation >= 5;
  const bool mirror_x =
      orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool mirror_y =
      orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  Image out{swap ? image.height : image.width, swap ? image.width : image.height, {}};
  out.rgb.resize(image.rgb.size());
  std::uint8_t* to = out.rgb.data();
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x, to += 3) {
      int column = mirror_x ? out.width - 1 - x : x;
      int row = mirror_y ? out.height - 1 - y : y;
      if (swap) std::swap(column, row);
      std::copy_n(&image.rgb[(std::size_t(row) * image.width + column) * 3], 3, to);
    }
  }
  return out;
}

}  // namespace fovea
