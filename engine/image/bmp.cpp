#include <algorithm>
#include <array>
#include <bit>
#include <climits>
#include <string>

#include "engine/core/error.h"
#include "engine/image/formats.h"

namespace fovea::formats {
namespace {

enum Compression : std::uint32_t { kRgb, kRle8, kRle4, kBitfields, kJpeg, kPng, kAlphaBitfields };

// One channel of a pixel in 16 or 32 bits.
struct Channel {
  std::uint32_t mask = 0;
  int shift = 0;
  std::uint32_t max = 0;

  Channel() = default;
  explicit Channel(std::uint32_t bits) : mask(bits) {
    if (mask == 0) return;
    shift = std::countr_zero(mask);
    max = mask >> shift;
  }
  bool is_contiguous() const { return (std::uint64_t{max} & (std::uint64_t{max} + 1)) == 0; }
  // Scaled to 0..255, rounded.
  int value(std::uint32_t pixel) const {
    const std::uint64_t v = (pixel & mask) >> shift;
    return max == 0 ? 0 : static_cast<int>((v * 255 + max / 2) / max);
  }
};

class BmpFile {
 public:
  BmpFile(Bytes file, const DecodeLimits& limits) : file_(file) {
    read_header();
    check_size(width_, height_, limits);
    if (compression_ == kRle8 || compression_ == kRle4) return;
    const std::uint64_t row = (std::uint64_t(bits_) * std::uint64_t(width_) + 31) / 32 * 4;
    const std::uint64_t last_row = (std::uint64_t(bits_) * std::uint64_t(width_) + 7) / 8;
    const std::uint64_t needed = pixels_at_ + row * std::uint64_t(height_ - 1) + last_row;
    if (needed > file_.size()) {
      cut_off("BMP", "it has " + std::to_string(file_.size()) + " of " + std::to_string(needed) +
                         " bytes");
    }
  }

  Image decode() {
    image_ = {width_, height_,
              std::vector<std::uint8_t>(std::size_t(width_) * std::size_t(height_) * 3)};
    if (compression_ == kRle8 || compression_ == kRle4) {
      decode_runs();
    } else if (bits_ <= 8) {
      decode_indices();
    } else if (bits_ == 24) {
      decode_rgb();
    } else {
      decode_channels();
    }
    return std::move(image_);
  }

 private:
  void need(std::size_t end) const {
    if (end > file_.size()) {
      cut_off("BMP", "it ends at byte " + std::to_string(file_.size()) + " in its header");
    }
  }

  void read_header() {
    need(18);
    const std::uint32_t header = little32(file_, 14);
    if (header != 12 && header != 16 && (header < 40 || header > 124)) {
      damaged("BMP", 14, "a header of " + std::to_string(header) + " bytes");
    }
    need(14 + std::size_t{header});
    if (header == 12) {
      width_ = static_cast<int>(little16(file_, 18));
      height_ = static_cast<int>(little16(file_, 20));
      bits_ = static_cast<int>(little16(file_, 24));
    } else {
      width_ = static_cast<std::int32_t>(little32(file_, 18));
      height_ = static_cast<std::int32_t>(little32(file_, 22));
      bits_ = static_cast<int>(little16(file_, 28));
      if (header >= 40) compression_ = little32(file_, 30);
    }
    top_down_ = height_ < 0;
    if (height_ == INT_MIN) damaged("BMP", 22, "an invalid height");
    height_ = top_down_ ? -height_ : height_;
    check_compression(header);
    std::size_t at = 14 + std::size_t{header};
    if (bits_ == 16 || bits_ == 32) at = read_masks(header, at);
    if (bits_ <= 8) at = read_palette(header, at);
    pixels_at_ = little32(file_, 10);
    if (pixels_at_ == 0) pixels_at_ = at;
    if (pixels_at_ < 14 + std::size_t{header} || pixels_at_ > file_.size()) {
      damaged("BMP", 10,
              "its pixels are at byte " + std::to_string(pixels_at_) + " of " +
                  std::to_string(file_.size()));
    }
  }

  void check_compression(std::uint32_t header) const {
    if (header == 64 && compression_ >= kBitfields) {
      unsupported("BMP", "is compressed as in OS/2 (type " + std::to_string(compression_) + ")");
    }
    if (compression_ == kJpeg) unsupported("BMP", "holds a JPEG file");
    if (compression_ == kPng) unsupported("BMP", "holds a PNG file");
    constexpr std::array<int, 7> kDepths = {1, 2, 4, 8, 16, 24, 32};
    const bool known = std::find(kDepths.begin(), kDepths.end(), bits_) != kDepths.end();
    const bool fits = compression_ == kRgb || (compression_ == kRle8 && bits_ == 8) ||
                      (compression_ == kRle4 && bits_ == 4) ||
                      ((compression_ == kBitfields || compression_ == kAlphaBitfields) &&
                       (bits_ == 16 || bits_ == 32));
    if (!known || !fits) {
      damaged("BMP", 28,
              "compression " + std::to_string(compression_) + " with " + std::to_string(bits_) +
                  " bits per pixel");
    }
  }

  // The fourth byte of 32 bits has a meaning only where a mask says so.
  std::size_t read_masks(std::uint32_t header, std::size_t at) {
    std::array<std::uint32_t, 4> masks =
        bits_ == 16 ? std::array<std::uint32_t, 4>{0x7C00, 0x3E0, 0x1F, 0}
                    : std::array<std::uint32_t, 4>{0xFF0000, 0xFF00, 0xFF, 0};
    if (compression_ != kRgb) {
      const bool inside = header >= 52;
      const std::size_t count =
          inside ? (header >= 56 ? 4 : 3) : (compression_ == kAlphaBitfields ? 4 : 3);
      const std::size_t from = inside ? 54 : at;
      need(from + 4 * count);
      for (std::size_t i = 0; i < count; ++i) masks[i] = little32(file_, from + 4 * i);
      if (!inside) at += 4 * count;
    }
    for (std::size_t i = 0; i < 4; ++i) {
      channels_[i] = Channel(masks[i]);
      if (!channels_[i].is_contiguous() || (i < 3 && masks[i] == 0)) {
        damaged("BMP", 54, "invalid colour masks");
      }
    }
    return at;
  }

  std::size_t read_palette(std::uint32_t header, std::size_t at) {
    const std::size_t entry = header == 12 || header == 16 ? 3 : 4;
    std::size_t count = std::size_t{1} << bits_;
    if (header >= 40 && little32(file_, 46) > 0) {
      count = std::min<std::size_t>(count, little32(file_, 46));
    }
    // Some writers count the palette by the offset of the pixels only.
    const std::size_t offset = little32(file_, 10);
    if (offset > at && offset < at + count * entry) count = (offset - at) / entry;
    need(at + count * entry);
    colours_ = static_cast<int>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes bgr = file_.subspan(at + i * entry, 3);
      palette_[i] = {bgr[2], bgr[1], bgr[0]};
    }
    return at + count * entry;
  }

  std::uint8_t* row_of(int i) {  // of the row that is stored as row `i`
    const int y = top_down_ ? i : height_ - 1 - i;
    return &image_.rgb[std::size_t(y) * std::size_t(width_) * 3];
  }
  Bytes stored_row(int i) const {
    const std::size_t size = (std::size_t(bits_) * std::size_t(width_) + 31) / 32 * 4;
    return file_.subspan(pixels_at_ + std::size_t(i) * size);
  }

  void decode_indices() {
    const int per_byte = 8 / bits_;
    for (int i = 0; i < height_; ++i) {
      const Bytes from = stored_row(i);
      std::uint8_t* to = row_of(i);
      for (int x = 0; x < width_; ++x, to += 3) {
        const int shift = 8 - bits_ * (x % per_byte + 1);
        const int index = from[std::size_t(x / per_byte)] >> shift & ((1 << bits_) - 1);
        std::copy_n(colour(index).data(), 3, to);
      }
    }
  }
  const std::array<std::uint8_t, 3>& colour(int index) const {
    if (index >= colours_) {
      throw FormatError("the BMP file is damaged: a pixel has colour " + std::to_string(index) +
                        " of " + std::to_string(colours_));
    }
    return palette_[std::size_t(index)];
  }

  void decode_rgb() {
    for (int i = 0; i < height_; ++i) {
      const Bytes from = stored_row(i);
      std::uint8_t* to = row_of(i);
      for (std::size_t x = 0; x < std::size_t(width_) * 3; x += 3) {
        to[x] = from[x + 2], to[x + 1] = from[x + 1], to[x + 2] = from[x];
      }
    }
  }

  // A file whose alpha values are all 0 was written by a program that leaves the byte unused.
  bool has_alpha() const {
    if (channels_[3].mask == 0) return false;
    for (int i = 0; i < height_; ++i) {
      const Bytes from = stored_row(i);
      for (int x = 0; x < width_; ++x) {
        if ((pixel(from, x) & channels_[3].mask) != 0) return true;
      }
    }
    return false;
  }
  std::uint32_t pixel(Bytes row, int x) const {
    return bits_ == 16 ? little16(row, std::size_t(x) * 2) : little32(row, std::size_t(x) * 4);
  }

  void decode_channels() {
    const bool alpha = has_alpha();
    for (int i = 0; i < height_; ++i) {
      const Bytes from = stored_row(i);
      std::uint8_t* to = row_of(i);
      for (int x = 0; x < width_; ++x) {
        const std::uint32_t value = pixel(from, x);
        const int opacity = alpha ? channels_[3].value(value) : 255;
        for (std::size_t c = 0; c < 3; ++c) *to++ = on_white(channels_[c].value(value), opacity);
      }
    }
  }

  // Run lengths: count and index, or 0 and: 0 end of row, 1 end of image, 2 skip, n literal
  // indices. Pixels that are skipped have index 0, as in Pillow.
  void decode_runs() {
    for (int i = 0; i < height_; ++i) {
      std::uint8_t* to = row_of(i);
      for (int x = 0; x < width_; ++x, to += 3) std::copy_n(palette_[0].data(), 3, to);
    }
    std::size_t at = pixels_at_;
    int x = 0, y = 0;
    const auto put = [&](int index) {
      if (x < width_) std::copy_n(colour(index).data(), 3, row_of(y) + 3 * x);
      ++x;
    };
    while (y < height_) {
      if (at + 2 > file_.size()) {
        // Some writers leave out the mark for the end of the image.
        if (y == height_ - 1 && x >= width_) return;
        cut_off("BMP", "its image data end at byte " + std::to_string(file_.size()) + " in row " +
                           std::to_string(y + 1) + " of " + std::to_string(height_));
      }
      const int count = file_[at], value = file_[at + 1];
      at += 2;
      if (count > 0) {
        for (int i = 0; i < count; ++i) put(nibble_or_byte(value, i));
      } else if (value == 0) {
        x = 0, ++y;
      } else if (value == 1) {
        return;
      } else if (value == 2) {
        if (at + 2 > file_.size()) continue;
        x += file_[at], y += file_[at + 1];
        at += 2;
      } else {
        at = put_literals(at, value, put);
      }
      x = std::min(x, width_);
    }
  }

  int nibble_or_byte(int value, int i) const {
    if (bits_ == 8) return value;
    return i % 2 == 0 ? value >> 4 : value & 15;
  }

  // `count` indices, padded to 16 bits. Returns the offset behind them, or the end of the file.
  template <typename Put>
  std::size_t put_literals(std::size_t at, int count, const Put& put) {
    const int bytes = bits_ == 8 ? count : (count + 1) / 2;
    if (at + std::size_t(bytes) > file_.size()) return file_.size();
    for (int i = 0; i < count; ++i) {
      put(nibble_or_byte(file_[at + std::size_t(bits_ == 8 ? i : i / 2)], i));
    }
    return std::min(file_.size(), at + std::size_t((bytes + 1) / 2 * 2));
  }

  Bytes file_;
  int width_ = 0;
  int height_ = 0;
  int bits_ = 0;
  std::uint32_t compression_ = kRgb;
  bool top_down_ = false;
  std::size_t pixels_at_ = 0;
  std::array<Channel, 4> channels_{};  // R, G, B, alpha
  std::array<std::array<std::uint8_t, 3>, 256> palette_{};
  int colours_ = 0;  // of the palette
  Image image_;
};

}  // namespace

Image decode_bmp(Bytes file, const DecodeLimits& limits) {
  return BmpFile(file, limits).decode();
}

}  // namespace fovea::formats
