#include "engine/image/bitmap.h"

namespace fovea {

std::vector<std::uint8_t> encode_bitmap(const Image& image) {
  constexpr std::uint32_t kHeader = 54;
  const auto width = static_cast<std::uint32_t>(image.width);
  const auto height = static_cast<std::uint32_t>(image.height);
  const std::uint32_t row = (width * 3 + 3) / 4 * 4;  // rows are padded to multiples of 4 bytes
  std::vector<std::uint8_t> bytes(kHeader + std::size_t{row} * height);
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
  };
  // BITMAPFILEHEADER: magic, file size, offset of the pixels.
  bytes[0] = 'B', bytes[1] = 'M';
  put(2, static_cast<std::uint32_t>(bytes.size()));
  put(10, kHeader);
  // BITMAPINFOHEADER: its size, width, height, one plane, 24 bits per pixel, no compression.
  put(14, 40), put(18, width), put(22, height);
  bytes[26] = 1, bytes[28] = 24;
  // The bottom row first, each pixel as blue, green, red.
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::uint8_t* from = image.rgb.data() + std::size_t{height - 1 - y} * width * 3;
    std::uint8_t* to = bytes.data() + kHeader + std::size_t{y} * row;
    for (std::uint32_t i = 0; i < width * 3; ++i) to[i] = from[i / 3 * 3 + 2 - i % 3];
  }
  return bytes;
}

}  // namespace fovea
