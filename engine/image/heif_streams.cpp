#include "engine/image/heif_streams.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fovea::formats {
namespace {

// Bits of big-endian bytes; behind the end they are 0 and over() is true.
class Bits {
 public:
  explicit Bits(const std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}

  std::uint32_t read(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      const std::uint32_t byte = at_ / 8 < bytes_.size() ? bytes_[at_ / 8] : 0;
      value = value << 1 | (byte >> (7 - at_ % 8) & 1);
    }
    return value;
  }

  // An Exp-Golomb code, ue(v).
  std::uint32_t read_code() {
    int zeros = 0;
    while (zeros < 32 && !over() && read(1) == 0) ++zeros;
    return zeros >= 32 ? UINT32_MAX : (std::uint32_t{1} << zeros) - 1 + read(zeros);
  }

  void skip(std::size_t count) { at_ += count; }
  bool over() const { return at_ > bytes_.size() * 8; }

 private:
  const std::vector<std::uint8_t>& bytes_;
  std::size_t at_ = 0;
};

// The contents of a unit behind its header, without the byte 3 that follows two bytes 0.
std::vector<std::uint8_t> contents(Bytes unit) {
  std::vector<std::uint8_t> out;
  int zeros = 0;
  for (const std::uint8_t byte : unit.subspan(2)) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out.push_back(byte);
  }
  return out;
}

}  // namespace

HevcUnit read_hevc_unit(Bytes unit) {
  const int type = unit[0] >> 1 & 63;
  HevcUnit header;
  header.layer = (unit[0] & 1) << 5 | unit[1] >> 3;
  if (type == 33) header.kind = HevcUnit::sequence;
  if (type < 32) {  // a slice
    header.kind = type >= 16 && type <= 21 ? HevcUnit::intra_slice : HevcUnit::inter_slice;
    header.begins_frame = (unit[2] & 0x80) != 0;
  }
  return header;
}

std::optional<Size> read_hevc_size(Bytes unit) {
  const std::vector<std::uint8_t> bytes = contents(unit);
  Bits bits(bytes);
  bits.skip(4);  // the video parameter set
  const std::uint32_t layers = bits.read(3);
  bits.skip(1);
  // profile_tier_level(): 96 bits, then those of the lower layers.
  bits.skip(96);
  std::size_t of_layers = 0;
  for (std::uint32_t i = 0; i < layers; ++i) {
    if (bits.read(1)) of_layers += 88;  // a profile
    if (bits.read(1)) of_layers += 8;   // a level
  }
  if (layers > 0) of_layers += 2 * (8 - layers);
  bits.skip(of_layers);
  bits.read_code();                         // the number of this set
  if (bits.read_code() == 3) bits.skip(1);  // chroma format 4:4:4 has a flag
  const std::uint32_t width = bits.read_code(), height = bits.read_code();
  constexpr std::uint32_t kMaxSide = 65535;
  if (bits.over() || width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) return {};
  return Size{static_cast<int>(width), static_cast<int>(height)};
}

std::optional<int> count_av1_frames(Bytes stream) {
  int frames = 0;
  for (std::size_t at = 0; at < stream.size();) {
    const int header = stream[at++];
    const int type = header >> 3 & 15;
    if ((header & 4) != 0) ++at;  // an extension
    std::uint64_t size = stream.size() - std::min(at, stream.size());
    if ((header & 2) != 0) {  // leb128()
      size = 0;
      for (int i = 0, more = 1; more && i < 8; ++i) {
        if (at >= stream.size()) return {};
        size |= std::uint64_t{stream[at] & 0x7Fu} << (7 * i);
        more = stream[at++] & 0x80;
      }
    }
    if (at > stream.size() || size > stream.size() - at) return {};
    at += static_cast<std::size_t>(size);
    constexpr int kFrameHeader = 3, kFrame = 6;
    frames += type == kFrameHeader || type == kFrame;
  }
  return frames;
}

}  // namespace fovea::formats
