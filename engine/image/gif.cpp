#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/image/formats.h"

namespace fovea::formats {
namespace {

// Bytes in sequence; the end of the file is an error.
class GifReader {
 public:
  explicit GifReader(Bytes file) : file_(file) {}
  std::size_t at() const { return at_; }
  Bytes take(std::size_t size) {
    if (file_.size() - at_ < size) {
      cut_off("GIF", "it ends at byte " + std::to_string(file_.size()) + " without image data");
    }
    at_ += size;
    return file_.subspan(at_ - size, size);
  }
  int byte() { return take(1)[0]; }
  bool at_end() const { return at_ == file_.size(); }

 private:
  Bytes file_;
  std::size_t at_ = 0;
};

// LZW codes of the data sub-blocks (GIF89a, appendix F) -> palette indices.
class LzwDecoder {
 public:
  LzwDecoder(GifReader& in, std::vector<std::uint8_t>& out, std::size_t pixels)
      : in_(in), out_(out), pixels_(pixels) {}

  void decode() {
    const int literal_bits = in_.byte();
    if (literal_bits < 1 || literal_bits > 11) {
      damaged("GIF", in_.at() - 1, "codes of " + std::to_string(literal_bits) + " bits");
    }
    clear_ = 1 << literal_bits;
    reset();
    while (out_.size() < pixels_) {
      const int code = next_code();
      if (code == clear_) {
        reset();
      } else if (code == clear_ + 1) {
        report_missing();
      } else {
        write(code);
      }
    }
  }

 private:
  static constexpr int kMaxCodes = 4096;

  void reset() {
    next_ = clear_ + 2;
    width_ = 1;
    while (1 << width_ < next_) ++width_;
    previous_ = -1;
  }

  int next_code() {
    while (count_ < width_) {
      if (left_ == 0) {
        left_ = in_.at_end() ? 0 : in_.byte();
        if (left_ == 0) report_missing();
      }
      if (in_.at_end()) report_missing();
      --left_;
      bits_ |= std::uint32_t(in_.byte()) << count_;
      count_ += 8;
    }
    const int code = static_cast<int>(bits_ & ((1u << width_) - 1));
    bits_ >>= width_;
    count_ -= width_;
    return code;
  }

  // A string is written backwards, from its last value to its first.
  void write(int code) {
    if (code > next_ || (code == next_ && (previous_ < 0 || next_ == kMaxCodes)) ||
        (code >= clear_ && code < clear_ + 2)) {
      damaged("GIF", in_.at(), "an LZW code that is not defined");
    }
    std::size_t size = 0;
    int link = code;
    if (code == next_) {  // the previous string and its first value
      link = previous_;
      stack_[size++] = first_;
    }
    for (; link >= clear_ + 2; link = prefix_[std::size_t(link)]) {
      stack_[size++] = suffix_[std::size_t(link)];
    }
    first_ = static_cast<std::uint16_t>(link);
    stack_[size++] = first_;
    if (previous_ >= 0 && next_ < kMaxCodes) {
      prefix_[std::size_t(next_)] = static_cast<std::uint16_t>(previous_);
      suffix_[std::size_t(next_)] = first_;
      ++next_;
      if (next_ == 1 << width_ && width_ < 12) ++width_;
    }
    previous_ = code;
    while (size > 0 && out_.size() < pixels_) {
      out_.push_back(static_cast<std::uint8_t>(std::min<int>(stack_[--size], 255)));
    }
  }

  [[noreturn]] void report_missing() const {
    cut_off("GIF", "its image data end at byte " + std::to_string(in_.at()) + "; " +
                       std::to_string(pixels_ - out_.size()) + " of " + std::to_string(pixels_) +
                       " pixels are missing");
  }

  GifReader& in_;
  std::vector<std::uint8_t>& out_;
  const std::size_t pixels_;
  int clear_ = 0, next_ = 0, width_ = 0, previous_ = -1;
  std::uint16_t first_ = 0;
  int left_ = 0;  // bytes of the sub-block
  std::uint32_t bits_ = 0;
  int count_ = 0;
  std::array<std::uint16_t, kMaxCodes> prefix_{}, suffix_{};
  std::array<std::uint16_t, kMaxCodes + 1> stack_{};
};

// The row of the image that is stored as row `i`: every 8th from 0 and from 4, every 4th from 2,
// every 2nd from 1.
int interlaced_row(int i, int height) {
  constexpr std::array<std::pair<int, int>, 4> kPasses = {{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  for (const auto& [first, step] : kPasses) {
    const int rows = height > first ? (height - first + step - 1) / step : 0;
    if (i < rows) return first + i * step;
    i -= rows;
  }
  return 0;
}

class GifFile {
 public:
  GifFile(Bytes file, const DecodeLimits& limits) : in_(file), limits_(limits) {}

  Image first_frame() {
    const Bytes header = in_.take(13);
    width_ = static_cast<int>(little16(header, 6));
    height_ = static_cast<int>(little16(header, 8));
    if (header[10] & 0x80) palette_ = in_.take(std::size_t{3} << ((header[10] & 7) + 1));
    while (true) {
      const int kind = in_.byte();
      if (kind == 0x2C) return read_frame();
      if (kind == 0x3B) throw FormatError("the GIF file holds no image");
      if (kind != 0x21) damaged("GIF", in_.at() - 1, "no block begins there");
      read_extension();
    }
  }

 private:
  void read_extension() {
    const int label = in_.byte();
    for (int size = in_.byte(); size > 0; size = in_.byte()) {
      const Bytes block = in_.take(std::size_t(size));
      if (label == 0xF9 && size >= 4) transparent_ = block[0] & 1 ? block[3] : -1;
    }
  }

  // What the frame does not cover is transparent, as in browsers, and so it becomes white.
  Image read_frame() {
    const Bytes header = in_.take(9);
    const int x0 = static_cast<int>(little16(header, 0)),
              y0 = static_cast<int>(little16(header, 2));
    const int width = static_cast<int>(little16(header, 4));
    const int height = static_cast<int>(little16(header, 6));
    const int flags = header[8];
    check_size(width, height, limits_);
    // Browsers enlarge the canvas to the first frame.
    width_ = std::max(width_, x0 + width);
    height_ = std::max(height_, y0 + height);
    check_size(width_, height_, limits_);
    if (flags & 0x80) palette_ = in_.take(std::size_t{3} << ((flags & 7) + 1));
    if (palette_.empty()) damaged("GIF", in_.at(), "it has no colour table");
    std::vector<std::uint8_t> indices;
    const std::size_t pixels = std::size_t(width) * std::size_t(height);
    indices.reserve(pixels);
    LzwDecoder(in_, indices, pixels).decode();
    Image image{width_, height_,
                std::vector<std::uint8_t>(std::size_t(width_) * std::size_t(height_) * 3, 255)};
    for (int i = 0; i < height; ++i) {
      const int y = y0 + (flags & 0x40 ? interlaced_row(i, height) : i);
      const std::uint8_t* from = &indices[std::size_t(i) * std::size_t(width)];
      std::uint8_t* to = &image.rgb[(std::size_t(y) * std::size_t(width_) + std::size_t(x0)) * 3];
      for (int x = 0; x < width; ++x, to += 3) {
        const std::size_t entry = std::size_t{from[x]} * 3;
        if (from[x] == transparent_) continue;
        if (entry + 3 > palette_.size()) {
          throw FormatError("the GIF file is damaged: a pixel has colour " +
                            std::to_string(from[x]) + " of " + std::to_string(palette_.size() / 3));
        }
        std::copy_n(&palette_[entry], 3, to);
      }
    }
    return image;
  }

  GifReader in_;
  const DecodeLimits& limits_;
  int width_ = 0, height_ = 0;
  int transparent_ = -1;  // the palette index, or -1
  Bytes palette_;
};

}  // namespace

Image decode_gif(Bytes file, const DecodeLimits& limits) {
  return GifFile(file, limits).first_frame();
}

}  // namespace fovea::formats
