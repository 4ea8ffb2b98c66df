#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/image/formats.h"
#include "engine/image/jpeg_scan.h"
#include "engine/image/jpeg_tables.h"
#include "engine/image/jpeg_writer.h"

namespace fovea::formats {
namespace {

constexpr int kMaxScans = 100;  // encoders write about 10; each costs a pass over all blocks

std::string hex_byte(int value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {kDigits[value >> 4 & 15], kDigits[value & 15]};
}

// Reads the segments (T.81, annex B) and writes those that stb_image needs, in a regular order.
class JpegChecker {
 public:
  JpegChecker(Bytes file, const DecodeLimits& limits) : file_(file), limits_(limits) {}

  CheckedFile check() {
    std::size_t at = 2;
    while (true) {
      // libjpeg skips bytes between segments, so files with such bytes are in use.
      at = find_jpeg_marker(file_, at);
      if (at >= file_.size()) break;
      const int marker = file_[at + 1];
      if (marker == 0xD9) break;
      // Without parameters: TEM, restart markers, and a start marker, which is repeated in some
      // files.
      if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
        at += 2;
        continue;
      }
      at = read_segment(at, marker);
      if (marker == 0xDA && is_complete()) break;  // whatever follows is not read by libjpeg either
    }
    check_is_complete(std::min(at, file_.size()));
    return {out_.finish(), {width_, height_}};
  }

 private:
  // Returns the offset behind the segment and, of a scan header, behind the image data.
  std::size_t read_segment(std::size_t at, int marker) {
    if (at + 4 > file_.size() || at + 2 + big16(file_, at + 2) > file_.size()) {
      cut_off("JPEG", "segment " + hex_byte(marker) + " at byte " + std::to_string(at) +
                          " is longer than the rest of the file");
    }
    const std::size_t length = big16(file_, at + 2);
    if (length < 2) damaged("JPEG", at, "segment " + hex_byte(marker) + " without a length");
    const Bytes body = file_.subspan(at + 4, length - 2);
    const std::size_t end = at + 2 + length;
    position_ = at;
    switch (marker) {
      case 0xDB:
        read_quantization(body);
        break;
      case 0xC4:
        read_huffman(body);
        break;
      case 0xDD:
        if (body.size() != 2) damaged("JPEG", at, "a restart interval of another length");
        restart_interval_ = static_cast<int>(big16(body, 0));
        break;
      case 0xDA:
        return read_scan(body, end);
      case 0xE0:
        jfif_ = jfif_ || starts_with(body, "JFIF");
        break;
      case 0xEE:
        if (body.size() >= 12 && starts_with(body, "Adobe")) adobe_ = body[11];
        break;
      case 0xC8:
      case 0xCC:
        break;
      default:
        if (marker >= 0xC0 && marker <= 0xCF) read_frame(body, marker);
        if (marker == 0xF7) unsupported("JPEG", "is compressed with JPEG-LS");
    }
    return end;
  }

  static bool starts_with(Bytes body, const char* text) {
    const std::size_t size = std::strlen(text);
    return body.size() > size && std::memcmp(body.data(), text, size) == 0;
  }

  void read_quantization(Bytes body) {
    while (!body.empty()) {
      const int precision = body[0] >> 4, number = body[0] & 15;
      const std::size_t size = precision == 0 ? 65 : 129;
      if (precision > 1 || number > 3 || body.size() < size) {
        damaged("JPEG", position_, "an invalid quantization table");
      }
      quantization_[std::size_t(number)].assign(body.begin() + 1,
                                                body.begin() + static_cast<std::ptrdiff_t>(size));
      body = body.subspan(size);
    }
  }

  void read_huffman(Bytes body) {
    while (!body.empty()) {
      const int is_ac = body[0] >> 4, number = body[0] & 15;
      std::size_t codes = 0;
      for (std::size_t i = 1; i < std::min<std::size_t>(body.size(), 17); ++i) codes += body[i];
      // stb_image 2.27 uses index 255, which no encoder needs, as a sentinel.
      if (codes > 255) {
        damaged("JPEG", position_,
                "a Huffman table of " + std::to_string(codes) + " codes; the limit is 255");
      }
      if (is_ac > 1 || number > 3 || body.size() < 17 + codes) {
        damaged("JPEG", position_, "an invalid Huffman table");
      }
      auto table = HuffmanTable::make(body.subspan(1, 16), body.subspan(17, codes));
      if (!table) damaged("JPEG", position_, "a Huffman table with more codes than bits allow");
      huffman_[std::size_t(is_ac)][std::size_t(number)] = std::move(table);
      body = body.subspan(17 + codes);
    }
  }

  void read_frame(Bytes body, int marker) {
    if (marker == 0xC9 || marker == 0xCA || marker == 0xCB || marker >= 0xCD) {
      unsupported("JPEG", "uses arithmetic coding");
    }
    if (marker == 0xC3) unsupported("JPEG", "is compressed without loss (lossless JPEG)");
    if (marker >= 0xC5) unsupported("JPEG", "is a hierarchical JPEG");
    if (!components_.empty()) damaged("JPEG", position_, "a second frame header");
    if (body.size() < 6 || body.size() != 6 + 3 * std::size_t{body[5]}) {
      damaged("JPEG", position_, "an invalid frame header");
    }
    if (body[0] != 8) {
      unsupported("JPEG", "has " + std::to_string(body[0]) + " bits per sample instead of 8");
    }
    height_ = static_cast<int>(big16(body, 1));
    width_ = static_cast<int>(big16(body, 3));
    if (height_ == 0 && width_ > 0) unsupported("JPEG", "states its height behind the image data");
    check_size(width_, height_, limits_);
    const int count = body[5];
    if (count != 1 && count != 3 && count != 4) {
      unsupported("JPEG", "has " + std::to_string(count) + " colour components");
    }
    progressive_ = marker == 0xC2;
    read_components(body.subspan(6));
    out_.frame(progressive_, width_, height_, components_);
  }

  void read_components(Bytes body) {
    int h_max = 1, v_max = 1;
    for (std::size_t i = 0; i < body.size(); i += 3) {
      JpegComponent component;
      component.id = body[i];
      component.h = body[i + 1] >> 4;
      component.v = body[i + 1] & 15;
      component.quantization = body[i + 2];
      if (component.h < 1 || component.h > 4 || component.v < 1 || component.v > 4 ||
          component.quantization > 3) {
        damaged("JPEG", position_, "an invalid frame header");
      }
      h_max = std::max(h_max, component.h);
      v_max = std::max(v_max, component.v);
      components_.push_back(component);
    }
    mcus_x_ = (width_ + 8 * h_max - 1) / (8 * h_max);
    mcus_y_ = (height_ + 8 * v_max - 1) / (8 * v_max);
    for (JpegComponent& component : components_) {
      if (h_max % component.h != 0 || v_max % component.v != 0) {
        unsupported("JPEG", "has a fractional chroma sampling");
      }
      component.blocks_x = ((width_ * component.h + h_max - 1) / h_max + 7) / 8;
      component.blocks_y = ((height_ * component.v + v_max - 1) / v_max + 7) / 8;
      component.stored_x = mcus_x_ * component.h;
      component.stored_y = mcus_y_ * component.v;
      if (progressive_) {
        component.nonzero.resize(std::size_t(component.stored_x) * std::size_t(component.stored_y));
      }
    }
    for (auto& bits : missing_bits_) bits.fill(kNeverSent);
  }

  // The colour space as in libjpeg: JFIF is YCbCr, else the Adobe marker, else the component ids.
  // It is decided at the first scan, when all markers are known.
  void write_colour_transform() {
    if (scans_ > 1 || components_.size() == 1) return;
    const auto id = [&](std::size_t i) { return components_[i].id; };
    int transform = id(0) == 'R' && id(1) == 'G' && id(2) == 'B' ? 0 : 1;
    if (components_.size() == 4) {
      transform = adobe_.value_or(0) == 0 ? 0 : 2;
    } else if (jfif_) {
      transform = 1;
    } else if (adobe_) {
      transform = adobe_ == 0 ? 0 : 1;
    }
    out_.colour_transform(transform);
  }

  // The header of a scan, then its data. Returns the offset behind the data.
  std::size_t read_scan(Bytes body, std::size_t data) {
    if (components_.empty()) damaged("JPEG", position_, "image data before the frame header");
    if (++scans_ > kMaxScans) damaged("JPEG", position_, "more than 100 scans");
    const std::size_t count = body.empty() ? 0 : body[0];
    if (count < 1 || count > components_.size() || body.size() != 4 + 2 * count) {
      damaged("JPEG", position_, "an invalid scan header");
    }
    JpegScan scan;
    scan.progressive = progressive_;
    scan.restart_interval = restart_interval_;
    if (progressive_) {
      scan.first = body[1 + 2 * count];
      scan.last = body[2 + 2 * count];
      scan.high = body[3 + 2 * count] >> 4;
      scan.low = body[3 + 2 * count] & 15;
    }
    define_standard_tables();
    for (std::size_t i = 0; i < count; ++i) add_part(scan, body[1 + 2 * i], body[2 + 2 * i]);
    const JpegComponent& first = *scan.parts[0].component;
    scan.mcus_x = count == 1 ? first.blocks_x : mcus_x_;
    scan.mcus_y = count == 1 ? first.blocks_y : mcus_y_;
    note_bits(scan);
    write_colour_transform();
    out_.scan_header(scan, components_.data());
    return check_jpeg_scan(file_, data, scan, out_.bytes());
  }

  // Frames of Motion JPEG leave out the tables of T.81, annex K. libjpeg adds them, too.
  void define_standard_tables() {
    if (progressive_) return;
    for (std::size_t is_ac = 0; is_ac < 2; ++is_ac) {
      for (std::size_t number = 0; number < 2; ++number) {
        auto& table = huffman_[is_ac][number];
        if (!table) table = standard_huffman_table(is_ac == 1, static_cast<int>(number));
      }
    }
  }

  void add_part(JpegScan& scan, int id, int tables) {
    const auto found = std::find_if(components_.begin(), components_.end(),
                                    [&](const JpegComponent& c) { return c.id == id; });
    if (found == components_.end()) damaged("JPEG", position_, "a scan of an unknown component");
    JpegScan::Part part;
    part.component = &*found;
    for (const JpegScan::Part& other : scan.parts) {
      if (other.component == part.component) {
        damaged("JPEG", position_, "a scan with the same component twice");
      }
    }
    if (scan.first == 0 && scan.high == 0) {
      part.dc_number = tables >> 4;
      part.dc = huffman_table(0, part.dc_number);
    }
    if (scan.last > 0) {
      part.ac_number = tables & 15;
      part.ac = huffman_table(1, part.ac_number);
    }
    latch_quantization(static_cast<std::size_t>(found - components_.begin()));
    scan.parts.push_back(part);
  }

  const HuffmanTable* huffman_table(std::size_t is_ac, int number) {
    if (number > 3 || !huffman_[is_ac][std::size_t(number)]) {
      damaged("JPEG", position_,
              "Huffman table " + std::to_string(number) + " is used, but not defined");
    }
    return &*huffman_[is_ac][std::size_t(number)];
  }

  // A component keeps the quantization table that its number has at its first scan.
  void latch_quantization(std::size_t index) {
    if (latched_[index]) return;
    latched_[index] = true;
    const auto& table = quantization_[std::size_t(components_[index].quantization)];
    if (table.empty()) {
      damaged("JPEG", position_,
              "quantization table " + std::to_string(components_[index].quantization) +
                  " is used, but not defined");
    }
    out_.quantization(index, table);
  }

  // Which bits of which coefficients this scan brings. A scan that does not continue where the
  // previous ones ended shows that one between them is missing.
  void note_bits(const JpegScan& scan) {
    if (scan.first > scan.last || scan.last > 63 || scan.low > 13 ||
        (progressive_ && (scan.first == 0) != (scan.last == 0)) ||
        (progressive_ && scan.first > 0 && scan.parts.size() > 1) ||
        (scan.high > 0 && scan.low != scan.high - 1)) {
      damaged("JPEG", position_, "an invalid scan header");
    }
    for (const JpegScan::Part& part : scan.parts) {
      auto& bits = missing_bits_[std::size_t(part.component - components_.data())];
      for (int k = scan.first; k <= scan.last; ++k) {
        const int expected = scan.high == 0 ? kNeverSent : scan.high;
        if (progressive_ && bits[std::size_t(k)] != expected) {
          damaged("JPEG", position_, "its scans do not follow one another: one is missing");
        }
        bits[std::size_t(k)] = scan.low;
      }
    }
  }

  bool is_complete() const {
    for (std::size_t i = 0; i < components_.size(); ++i) {
      for (const int bits : missing_bits_[i]) {
        if (bits != 0) return false;
      }
    }
    return !components_.empty();
  }

  void check_is_complete(std::size_t end) const {
    if (scans_ == 0) {
      throw FormatError("the JPEG file holds no image data; it ends at byte " +
                        std::to_string(end));
    }
    for (std::size_t i = 0; i < components_.size(); ++i) {
      for (const int bits : missing_bits_[i]) {
        if (bits == 0) continue;
        cut_off("JPEG", "it ends at byte " + std::to_string(end) +
                            (progressive_ ? " before the last scans of component "
                                          : " without image data of component ") +
                            std::to_string(i + 1) + " of " + std::to_string(components_.size()));
      }
    }
  }

  static constexpr int kNeverSent = 255;

  Bytes file_;
  const DecodeLimits& limits_;
  JpegWriter out_;
  std::size_t position_ = 0;  // of the segment that is read
  int width_ = 0, height_ = 0, mcus_x_ = 0, mcus_y_ = 0;
  int restart_interval_ = 0;
  int scans_ = 0;
  bool progressive_ = false, jfif_ = false;
  std::optional<int> adobe_;  // its transform
  std::array<std::vector<std::uint8_t>, 4> quantization_;
  std::array<std::array<std::optional<HuffmanTable>, 4>, 2> huffman_;  // [DC, AC][number]
  std::vector<JpegComponent> components_;
  std::array<bool, 4> latched_{};
  std::array<std::array<int, 64>, 4> missing_bits_{};  // [component][coefficient], 0 when complete
};

}  // namespace

CheckedFile check_jpeg(Bytes file, const DecodeLimits& limits) {
  return JpegChecker(file, limits).check();
}

}  // namespace fovea::formats
