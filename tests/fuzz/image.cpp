#include <algorithm>

#include "engine/image/decode.h"
#include "engine/image/file_kind.h"
#include "engine/image/preprocess.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

namespace {

// The CRCs of a PNG, made right: with wrong ones nothing but the check of the CRC would be tested.
std::vector<std::uint8_t> with_crcs(fuzz::Bytes file) {
  std::vector<std::uint8_t> png(file.begin(), file.end());
  const auto number = [&](std::size_t at) {
    return std::size_t{png[at]} << 24 | std::size_t{png[at + 1]} << 16 |
           std::size_t{png[at + 2]} << 8 | png[at + 3];
  };
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t length = number(at);
    if (length > png.size() - at - 12) break;
    std::uint32_t crc = 0xFFFFFFFFu;
    for (std::size_t i = at + 4; i < at + 8 + length; ++i) {
      crc ^= png[i];
      for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    for (std::size_t i = 0; i < 4; ++i) {
      png[at + 8 + length + i] = static_cast<std::uint8_t>(~crc >> (24 - 8 * i));
    }
    at += 12 + length;
  }
  return png;
}

}  // namespace

// Input: an image file. Its last two bytes, which decoders ignore, select the network input size
// and the fit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const fuzz::Bytes input(data, size);
  const bool png = file_kind(input) == FileKind::png;
  const std::vector<std::uint8_t> repaired = png ? with_crcs(input) : std::vector<std::uint8_t>();
  const fuzz::Bytes file = png ? fuzz::Bytes(repaired) : input;
  const int orientation = exif_orientation(file);
  fuzz::require(orientation >= 1 && orientation <= 8);
  const std::string sentence = describe_unsupported(file);
  fuzz::require(!sentence.empty() && std::all_of(sentence.begin(), sentence.end(),
                                                 [](char c) { return c >= ' ' && c < 127; }));
  fuzz::may_refuse([&] {
    DecodeLimits limits;
    limits.max_pixels = 1 << 16;  // reaches every path and stays fast with sanitizers
    const Image image = decode_image(file, limits);
    const std::size_t pixels = std::size_t(image.width) * std::size_t(image.height);
    fuzz::require(image.width > 0 && image.height > 0 && pixels <= std::size_t(limits.max_pixels));
    fuzz::require(image.rgb.size() == 3 * pixels);
    Preprocess preprocess;
    preprocess.size = 1 + data[size - 1] % 64;
    preprocess.fit = static_cast<Fit>(data[size - 2] % 3);
    fuzz::require(preprocess_image(image, preprocess).size() ==
                  std::int64_t{3} * preprocess.size * preprocess.size);
  });
  return 0;
}
