#include "engine/image/decode.h"
#include "engine/image/preprocess.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

// Input: an image file. Its last two bytes, which decoders ignore, select the network input size
// and the fit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const fuzz::Bytes file(data, size);
  const int orientation = exif_orientation(file);
  fuzz::require(orientation >= 1 && orientation <= 8);
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
