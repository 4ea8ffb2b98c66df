
#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/image/decode.h"

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
  constexpr std::uint32_t kOrientation = 0x0112, kShort = 3;
  for (std::uint32_t i = 0; i < *entries; ++i) {
    const std::uint64_t at = std::uint64_t{*directory} + 2 + 12 * std::uint64_t{i};
    const auto tag = in.number(at, 2);
    if (!tag) return 1;
    if (*tag != kOrientation) continue;
    if (in.number(at + 2, 2) != kShort || in.number(at + 4, 4) != 1u) return 1;
    const std::uint32_t value = in.number(at + 8, 2).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int orientation_of_jpeg(Bytes jpeg) {
  // Segments: FF and a code, then the length (which counts itself) and the contents.
  const EndianReader in(jpeg, false);
  std::uint64_t at = 2;
  while (true) {
    const auto marker = in.number(at, 2);
    if (!marker || *marker < 0xFF00) return 1;
    if (*marker == 0xFFFF) {  // a fill byte
      ++at;
      continue;
    }
    const std::uint32_t code = *marker & 0xFF;
    if (code == 0xDA || code == 0xD9) return 1;  // start of the image data, or end of the file
    const auto length = in.number(at + 2, 2);
    if (!length || *length < 2 || at + 2 + *length > jpeg.size()) return 1;
    const Bytes segment = jpeg.subspan(at + 4, *length - 2);
    if (code == 0xE1 && starts_with(segment, "Exif\0\0", 6)) {
      return orientation_of_tiff(segment.subspan(6));
    }
    at += 2 + *length;
  }
}

int orientation_of_png(Bytes png) {
  // Chunks: length of the contents, type, contents, CRC.
  const EndianReader in(png, false);
  std::uint64_t at = 8;
  while (true) {
    const auto length = in.number(at, 4);
    if (!length || at + 12 + *length > png.size()) return 1;
    const Bytes chunk = png.subspan(at + 4, 4 + *length);
    if (starts_with(chunk, "eXIf", 4)) return orientation_of_tiff(chunk.subspan(4));
    if (starts_with(chunk, "IEND", 4)) return 1;
    at += 12 + *length;
  }
}

}  // namespace

int exif_orientation(Bytes bytes) {
  if (starts_with(bytes, "\xFF\xD8", 2)) return orientation_of_jpeg(bytes);
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n", 8)) return orientation_of_png(bytes);
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
