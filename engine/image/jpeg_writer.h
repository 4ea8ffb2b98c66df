#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/image/jpeg_scan.h"

namespace fovea::formats {

// Writes a JPEG file for stb_image: the components have the ids 1, 2, ... and each its own
// quantization table, whose number is its index. Internal to engine/image.
class JpegWriter {
 public:
  void frame(bool progressive, int width, int height, const std::vector<JpegComponent>& components);
  // How the components become RGB: 0 they are RGB or CMYK, 1 YCbCr, 2 YCCK. Once, after frame().
  void colour_transform(int transform);
  void quantization(std::size_t number, const std::vector<std::uint8_t>& table);
  // The Huffman tables, the restart interval and the header of a scan. `first` is the first
  // component.
  void scan_header(const JpegScan& scan, const JpegComponent* first);
  // Where the data of the scan are appended.
  std::vector<std::uint8_t>& bytes() { return bytes_; }
  std::vector<std::uint8_t> finish();

 private:
  void huffman(int is_ac, int number, const HuffmanTable& table);
  void put16(int value);

  std::vector<std::uint8_t> bytes_ = {0xFF, 0xD8};
  std::size_t frame_at_ = 0;
};

}  // namespace fovea::formats
