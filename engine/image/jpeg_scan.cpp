#include "engine/image/jpeg_scan.h"

#include <algorithm>
#include <string>

#include "engine/image/formats.h"

namespace fovea::formats {
namespace {

// The data of one restart interval end too early: thrown by the reader, reported by the scan.
struct EndOfData {};

// Reads bits up to the next marker. FF 00 is a byte FF of data; more FF before the 00 or before a
// marker are fill bytes.
class EntropyReader {
 public:
  EntropyReader(Bytes file, std::size_t at) : file_(file), at_(at) { ends_.fill(at); }

  std::uint32_t peek16() {
    if (count_ < 16) refill();
    return count_ >= 16 ? (buffer_ >> (count_ - 16)) & 0xFFFF
                        : (buffer_ << (16 - count_)) & 0xFFFF;  // zeros behind the end
  }
  void skip(int bits) {
    if (count_ < bits) refill();
    if (count_ < bits) throw EndOfData();
    count_ -= bits;
  }
  int take(int bits) {  // at most 16
    const std::uint32_t value = peek16() >> (16 - bits);
    skip(bits);
    return static_cast<int>(value);
  }
  int decode(const HuffmanTable& table) {
    const HuffmanTable::Code code = table.find(peek16());
    if (code.length == 0) {
      // Bits behind the end of the data are unknown, so they cannot be wrong.
      if (count_ < 16) throw EndOfData();
      damaged("JPEG", position(), "a Huffman code that no table defines");
    }
    skip(code.length);
    return code.value;
  }
  // The offset behind the last byte of which a bit was read.
  std::size_t position() const { return ends_[(read_ - std::size_t(count_) / 8) % ends_.size()]; }

 private:
  void refill() {
    while (count_ <= 48 && at_ < file_.size()) {
      std::size_t next = at_ + 1;
      if (file_[at_] == 0xFF) {
        while (next < file_.size() && file_[next] == 0xFF) ++next;
        if (next == file_.size() || file_[next] != 0) return;
        ++next;
      }
      buffer_ = buffer_ << 8 | file_[at_];
      count_ += 8;
      at_ = next;
      ends_[++read_ % ends_.size()] = at_;
    }
  }

  Bytes file_;
  std::size_t at_;
  std::uint64_t buffer_ = 0;
  int count_ = 0;                       // bits in the buffer
  std::array<std::size_t, 16> ends_{};  // the offsets behind the bytes read last
  std::size_t read_ = 0;
};

// The blocks of one scan, one after another.
class ScanWalker {
 public:
  ScanWalker(Bytes file, const JpegScan& scan) : file_(file), scan_(scan), reader_(file, 0) {}

  void start(std::size_t at) {
    reader_ = EntropyReader(file_, at);
    end_of_band_run_ = 0;
  }
  std::size_t position() const { return reader_.position(); }

  // A scan of one component has its blocks row by row; one of several has MCUs of all of them.
  void walk_mcu(int x, int y) {
    if (scan_.parts.size() == 1) {
      walk_block(scan_.parts[0], x, y);
      return;
    }
    for (const JpegScan::Part& part : scan_.parts) {
      for (int v = 0; v < part.component->v; ++v) {
        for (int h = 0; h < part.component->h; ++h) {
          walk_block(part, x * part.component->h + h, y * part.component->v + v);
        }
      }
    }
  }

 private:
  void walk_block(const JpegScan::Part& part, int x, int y) {
    if (!scan_.progressive) {
      skip_dc(part);
      walk_coefficients(part, 1, 63, nullptr);
    } else if (scan_.first == 0) {
      if (scan_.high == 0) {
        skip_dc(part);
      } else {
        reader_.skip(1);
      }
    } else {
      JpegComponent& component = *part.component;
      std::uint64_t& nonzero =
          component.nonzero[std::size_t(y) * std::size_t(component.stored_x) + std::size_t(x)];
      if (scan_.high == 0) {
        walk_band(part, nonzero);
      } else {
        refine_band(part, nonzero);
      }
    }
  }

  void skip_dc(const JpegScan::Part& part) {
    const int bits = reader_.decode(*part.dc);
    if (bits > 15) damaged("JPEG", position(), "a coefficient of more than 15 bits");
    reader_.skip(bits);
  }

  // Run lengths and values from coefficient `k` on. Returns the run length of the end of block.
  int walk_coefficients(const JpegScan::Part& part, int k, int last, std::uint64_t* nonzero) {
    while (k <= last) {
      const int code = reader_.decode(*part.ac);
      const int run = code >> 4, bits = code & 15;
      if (bits == 0 && run < 15) return run;
      k += run;
      if (k > last) damaged("JPEG", position(), "more coefficients than a block has");
      if (bits > 0) {
        reader_.skip(bits);
        if (nonzero) *nonzero |= std::uint64_t{1} << k;
      }
      ++k;
    }
    return -1;
  }

  void walk_band(const JpegScan::Part& part, std::uint64_t& nonzero) {
    if (end_of_band_run_ > 0) {
      --end_of_band_run_;
      return;
    }
    const int run = walk_coefficients(part, scan_.first, scan_.last, &nonzero);
    if (run > 0) end_of_band_run_ = (1 << run) - 1 + reader_.take(run);
  }

  // T.81, G.1.2.3: new coefficients have the value 1 or -1; the others get one more bit.
  void refine_band(const JpegScan::Part& part, std::uint64_t& nonzero) {
    const std::uint64_t before = nonzero;
    const auto is_nonzero = [&](int k) { return (before >> k & 1) != 0; };
    int k = scan_.first;
    while (end_of_band_run_ == 0 && k <= scan_.last) {
      const int code = reader_.decode(*part.ac);
      int run = code >> 4;
      const int bits = code & 15;
      if (bits > 1) damaged("JPEG", position(), "a refinement of more than one bit");
      if (bits == 0 && run < 15) {
        end_of_band_run_ = (1 << run) + (run > 0 ? reader_.take(run) : 0);
        break;
      }
      if (bits == 1) reader_.skip(1);
      for (; k <= scan_.last; ++k) {
        if (is_nonzero(k)) {
          reader_.skip(1);
        } else if (--run < 0) {
          break;
        }
      }
      if (bits == 1) {
        if (k > scan_.last) damaged("JPEG", position(), "more coefficients than a block has");
        nonzero |= std::uint64_t{1} << k;
      }
      ++k;
    }
    if (end_of_band_run_ == 0) return;
    for (; k <= scan_.last; ++k) {
      if (is_nonzero(k)) reader_.skip(1);
    }
    --end_of_band_run_;
  }

  Bytes file_;
  const JpegScan& scan_;
  EntropyReader reader_;
  int end_of_band_run_ = 0;  // blocks without further coefficients
};

// The data of the scan end before all blocks are there.
[[noreturn]] void report_missing(Bytes file, std::size_t at, std::int64_t done,
                                 std::int64_t total) {
  const std::string missing =
      std::to_string(total - done) + " of " + std::to_string(total) + " blocks are missing";
  const std::size_t marker = find_jpeg_marker(file, at);
  if (marker >= file.size() || file[marker + 1] == 0xD9) {
    cut_off("JPEG", "its image data end at byte " + std::to_string(std::min(marker, file.size())) +
                        "; " + missing);
  }
  damaged("JPEG", marker, "a marker inside the image data; " + missing);
}

// The offset behind the restart marker with the number `expected`. Between the data and the marker
// there may be other bytes and the two previous markers, as libjpeg accepts them.
std::size_t skip_restart(Bytes file, std::size_t at, int expected, std::int64_t done,
                         std::int64_t total) {
  while (true) {
    const std::size_t marker = find_jpeg_marker(file, at);
    if (marker >= file.size()) report_missing(file, at, done, total);
    const int number = file[marker + 1] - 0xD0;
    if (number == expected) return marker + 2;
    const bool is_old =
        number >= 0 && number < 8 && (number == (expected + 7) % 8 || number == (expected + 6) % 8);
    if (number >= 0 && number < 8 && !is_old) {
      damaged("JPEG", marker,
              "restart marker " + std::to_string(number) + " where " + std::to_string(expected) +
                  " follows: image data are missing");
    }
    // A file that ends here has at most a few fill bits left.
    if (!is_old && marker - at > 16) {
      damaged("JPEG", at, "restart marker " + std::to_string(expected) + " is missing");
    }
    if (!is_old) report_missing(file, at, done, total);
    at = marker + 2;
  }
}

// A copy that was interrupted may have its full length and end with zero bytes, which are valid
// codes. Data of an image that is followed by nothing and whose last bytes are 0 are those.
void check_end(Bytes file, std::size_t begin, std::size_t end) {
  std::size_t zeros = end;
  while (zeros > begin && file[zeros - 1] == 0) --zeros;
  if (end - zeros < 16) return;
  cut_off("JPEG", "from byte " + std::to_string(zeros) + " on it has only zero bytes");
}

}  // namespace

std::optional<HuffmanTable> HuffmanTable::make(Bytes counts, Bytes values) {
  HuffmanTable table;
  table.definition_.assign(counts.begin(), counts.end());
  table.definition_.insert(table.definition_.end(), values.begin(), values.end());
  std::uint32_t code = 0;
  int index = 0;
  for (int length = 1; length <= 16; ++length) {
    const int count = counts[std::size_t(length) - 1];
    table.offset_[std::size_t(length)] = index - static_cast<int>(code);
    for (int i = 0; i < count; ++i, ++code, ++index) {
      if (code >= 1u << length) return {};
      if (length > kFastBits) continue;
      const std::size_t first = std::size_t(code) << (kFastBits - length);
      std::fill_n(table.fast_.begin() + static_cast<std::ptrdiff_t>(first),
                  std::size_t{1} << (kFastBits - length),
                  static_cast<std::uint16_t>(length * 256 + values[std::size_t(index)]));
    }
    table.end_[std::size_t(length)] = code << (16 - length);
    code <<= 1;
  }
  return table;
}

HuffmanTable::Code HuffmanTable::find(std::uint32_t bits) const {
  const std::uint16_t fast = fast_[bits >> (16 - kFastBits)];
  if (fast != 0) return {fast >> 8, fast & 0xFF};
  for (int length = kFastBits + 1; length <= 16; ++length) {
    if (bits < end_[std::size_t(length)]) {
      const int index = static_cast<int>(bits >> (16 - length)) + offset_[std::size_t(length)];
      return {length, definition_[16 + std::size_t(index)]};
    }
  }
  return {};
}

std::size_t find_jpeg_marker(Bytes file, std::size_t at) {
  for (; at + 1 < file.size(); ++at) {
    if (file[at] == 0xFF && file[at + 1] != 0 && file[at + 1] != 0xFF) return at;
  }
  return file.size();
}

std::size_t check_jpeg_scan(Bytes file, std::size_t at, const JpegScan& scan,
                            std::vector<std::uint8_t>& out) {
  const std::int64_t total = std::int64_t{scan.mcus_x} * scan.mcus_y;
  ScanWalker walker(file, scan);
  walker.start(at);
  std::int64_t done = 0;
  int restarts = 0;
  try {
    for (int y = 0; y < scan.mcus_y; ++y) {
      for (int x = 0; x < scan.mcus_x; ++x) {
        if (scan.restart_interval > 0 && done > 0 && done % scan.restart_interval == 0) {
          out.insert(out.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
                     file.begin() + static_cast<std::ptrdiff_t>(walker.position()));
          const int number = restarts++ % 8;
          at = skip_restart(file, walker.position(), number, done, total);
          out.insert(out.end(), {0xFF, static_cast<std::uint8_t>(0xD0 + number)});
          walker.start(at);
        }
        walker.walk_mcu(x, y);
        ++done;
      }
    }
  } catch (const EndOfData&) {
    report_missing(file, walker.position(), done, total);
  }
  out.insert(out.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
             file.begin() + static_cast<std::ptrdiff_t>(walker.position()));
  const std::size_t next = find_jpeg_marker(file, walker.position());
  if (next >= file.size()) check_end(file, at, walker.position());
  return next;
}

}  // namespace fovea::formats
