#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/image/formats.h"

namespace fovea::formats {
namespace {

std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    table[i] = crc;
  }
  return table;
}

// CRC-32 as in PNG (ISO 15948, annex D).
std::uint32_t crc32(Bytes bytes) {
  static const std::array<std::uint32_t, 256> table = crc_table();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::uint8_t byte : bytes) crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF];
  return ~crc;
}

// Reads the chunks and writes those that define the pixels.
class PngChecker {
 public:
  PngChecker(Bytes file, const DecodeLimits& limits) : file_(file), limits_(limits) {}

  CheckedFile check() {
    constexpr std::uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    if (file_.size() < 8) cut_off("PNG", "it has " + std::to_string(file_.size()) + " bytes");
    if (!std::equal(std::begin(kSignature), std::end(kSignature), file_.begin())) {
      damaged("PNG", 4,
              file_[4] == '\n' || file_[6] == '\r'
                  ? "line ends in the signature are changed, as by a transfer in text mode"
                  : "the signature is invalid");
    }
    out_.assign(file_.begin(), file_.begin() + 8);
    std::size_t at = 8;
    // Behind the image data nothing is needed, so a missing IEND is accepted.
    while (!image_data_ended_ && at < file_.size()) at = read_chunk(at);
    if (size_.width == 0) cut_off("PNG", "it ends at byte " + std::to_string(at) + " without IHDR");
    if (data_.empty()) {
      throw FormatError("the PNG file holds no image data; it ends at byte " + std::to_string(at));
    }
    if (colour_type_ == 3 && !has_palette_) {
      throw FormatError("the PNG file is damaged: it has no palette");
    }
    write_chunk("IDAT", data_);
    write_chunk("IEND", {});
    return {std::move(out_), size_};
  }

 private:
  std::size_t read_chunk(std::size_t at) {
    if (file_.size() - at < 12) {
      if (data_.empty()) {
        cut_off("PNG", "it ends at byte " + std::to_string(file_.size()) + " without image data");
      }
      return file_.size();
    }
    const std::size_t length = big32(file_, at);
    const std::string_view type(reinterpret_cast<const char*>(file_.data() + at + 4), 4);
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    if (!std::all_of(type.begin(), type.end(), is_letter)) {
      if (!data_.empty()) return end_image_data(at);
      damaged("PNG", at, "no chunk begins there");
    }
    if (at == 8 && type != "IHDR") check_first_chunk(type);
    if (length > file_.size() - at - 12) {
      if (type != "IDAT" && !data_.empty()) return end_image_data(at);
      const std::size_t present = std::min(file_.size() - at - 8, length);
      cut_off("PNG", "it has " + std::to_string(present) + " of the " + std::to_string(length) +
                         " bytes of chunk " + std::string(type) + " at byte " + std::to_string(at));
    }
    const Bytes body = file_.subspan(at + 8, length);
    if (type == "IEND" || (type != "IDAT" && !data_.empty())) return end_image_data(at);
    if (!png_crc_matches(file_, at, length)) {
      damaged("PNG", at, "the CRC of chunk " + std::string(type) + " does not match");
    }
    if (type == "IHDR" || type == "PLTE" || type == "tRNS" || type == "IDAT") {
      read_known_chunk(type, body, at);
    } else if (type[0] >= 'A' && type[0] <= 'Z') {
      unsupported("PNG", "has a chunk " + std::string(type) + " that it requires");
    }
    return at + 12 + length;
  }

  std::size_t end_image_data(std::size_t at) {
    image_data_ended_ = true;
    return at;
  }

  static void check_first_chunk(std::string_view type) {
    if (type == "CgBI") unsupported("PNG", "is optimised for iOS (CgBI)");
    damaged("PNG", 8, "its first chunk is " + std::string(type) + " and not IHDR");
  }

  void read_known_chunk(std::string_view type, Bytes body, std::size_t at) {
    if (type == "IHDR") {
      if (at != 8) damaged("PNG", at, "a second IHDR");
      read_header(body);
    } else if (type == "IDAT") {
      data_.insert(data_.end(), body.begin(), body.end());
    } else if (type == "PLTE") {
      if (has_palette_ || body.size() % 3 != 0 || body.empty() || body.size() > 768) {
        damaged("PNG", at, "an invalid palette");
      }
      has_palette_ = true;
      std::vector<std::uint8_t> palette(body.begin(), body.end());
      palette.resize(768);  // stb_image reads entries that are not there; they are black
      write_chunk("PLTE", palette);
    } else if (colour_type_ < 4) {
      const std::size_t expected = colour_type_ == 0 ? 2 : colour_type_ == 2 ? 6 : body.size();
      if (body.size() != expected || body.size() > 256 || (colour_type_ == 3 && !has_palette_)) {
        damaged("PNG", at, "an invalid tRNS");
      }
      write_chunk("tRNS", body);
    }
  }

  void read_header(Bytes body) {
    if (body.size() != 13) damaged("PNG", 8, "an IHDR of another length");
    check_size(big32(body, 0), big32(body, 4), limits_);
    size_ = {static_cast<int>(big32(body, 0)), static_cast<int>(big32(body, 4))};
    const int depth = body[8];
    colour_type_ = body[9];
    const bool known = colour_type_ == 0   ? depth <= 16 && depth > 0 && (depth & (depth - 1)) == 0
                       : colour_type_ == 3 ? depth <= 8 && depth > 0 && (depth & (depth - 1)) == 0
                                           : depth == 8 || depth == 16;
    if (!known || colour_type_ > 6 || colour_type_ == 1 || colour_type_ == 5 || body[10] != 0 ||
        body[11] != 0 || body[12] > 1) {
      damaged("PNG", 8, "an invalid IHDR");
    }
    write_chunk("IHDR", body);
  }

  void write_chunk(const char* type, Bytes body) {
    const auto put32 = [&](std::size_t value) {
      for (int shift = 24; shift >= 0; shift -= 8) {
        out_.push_back(static_cast<std::uint8_t>(value >> shift));
      }
    };
    put32(body.size());
    out_.insert(out_.end(), type, type + 4);
    out_.insert(out_.end(), body.begin(), body.end());
    put32(0);  // stb_image does not check CRCs
  }

  Bytes file_;
  const DecodeLimits& limits_;
  std::vector<std::uint8_t> out_, data_;
  Size size_;
  int colour_type_ = 0;
  bool has_palette_ = false;
  bool image_data_ended_ = false;
};

}  // namespace

bool png_crc_matches(Bytes file, std::size_t at, std::size_t length) {
  return crc32(file.subspan(at + 4, length + 4)) == big32(file, at + 8 + length);
}

CheckedFile check_png(Bytes file, const DecodeLimits& limits) {
  return PngChecker(file, limits).check();
}

}  // namespace fovea::formats
