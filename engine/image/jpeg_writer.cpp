#include "engine/image/jpeg_writer.h"

#include <iterator>
#include <utility>

namespace fovea::formats {

void JpegWriter::put16(int value) {
  bytes_.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes_.push_back(static_cast<std::uint8_t>(value));
}

void JpegWriter::frame(bool progressive, int width, int height,
                       const std::vector<JpegComponent>& components) {
  frame_at_ = bytes_.size();
  bytes_.insert(bytes_.end(), {0xFF, static_cast<std::uint8_t>(progressive ? 0xC2 : 0xC0)});
  put16(static_cast<int>(8 + 3 * components.size()));
  bytes_.push_back(8);
  put16(height);
  put16(width);
  bytes_.push_back(static_cast<std::uint8_t>(components.size()));
  for (std::size_t i = 0; i < components.size(); ++i) {
    bytes_.insert(bytes_.end(), {static_cast<std::uint8_t>(i + 1),
                                 static_cast<std::uint8_t>(components[i].h << 4 | components[i].v),
                                 static_cast<std::uint8_t>(i)});
  }
}

void JpegWriter::colour_transform(int transform) {
  const std::uint8_t segment[] = {
      0xFF, 0xEE, 0,   14, 'A', 'd', 'o', 'b',
      'e',  0,    100, 0,  0,   0,   0,   static_cast<std::uint8_t>(transform)};
  bytes_.insert(bytes_.begin() + static_cast<std::ptrdiff_t>(frame_at_), std::begin(segment),
                std::end(segment));
}

void JpegWriter::quantization(std::size_t number, const std::vector<std::uint8_t>& table) {
  const bool wide = table.size() == 128;  // 16 bits per entry
  bytes_.insert(bytes_.end(), {0xFF, 0xDB});
  put16(static_cast<int>(3 + table.size()));
  bytes_.push_back(static_cast<std::uint8_t>((wide ? 16 : 0) + number));
  bytes_.insert(bytes_.end(), table.begin(), table.end());
}

void JpegWriter::huffman(int is_ac, int number, const HuffmanTable& table) {
  bytes_.insert(bytes_.end(), {0xFF, 0xC4});
  put16(static_cast<int>(3 + table.definition().size()));
  bytes_.push_back(static_cast<std::uint8_t>(is_ac << 4 | number));
  bytes_.insert(bytes_.end(), table.definition().begin(), table.definition().end());
}

void JpegWriter::scan_header(const JpegScan& scan, const JpegComponent* first) {
  for (const JpegScan::Part& part : scan.parts) {
    if (part.dc) huffman(0, part.dc_number, *part.dc);
    if (part.ac) huffman(1, part.ac_number, *part.ac);
  }
  bytes_.insert(bytes_.end(), {0xFF, 0xDD, 0, 4});
  put16(scan.restart_interval);
  bytes_.insert(bytes_.end(), {0xFF, 0xDA});
  put16(static_cast<int>(6 + 2 * scan.parts.size()));
  bytes_.push_back(static_cast<std::uint8_t>(scan.parts.size()));
  for (const JpegScan::Part& part : scan.parts) {
    bytes_.push_back(static_cast<std::uint8_t>(part.component - first + 1));
    bytes_.push_back(static_cast<std::uint8_t>(part.dc_number << 4 | part.ac_number));
  }
  bytes_.insert(bytes_.end(),
                {static_cast<std::uint8_t>(scan.first), static_cast<std::uint8_t>(scan.last),
                 static_cast<std::uint8_t>(scan.high << 4 | scan.low)});
}

std::vector<std::uint8_t> JpegWriter::finish() {
  bytes_.insert(bytes_.end(), {0xFF, 0xD9});
  return std::move(bytes_);
}

}  // namespace fovea::formats
