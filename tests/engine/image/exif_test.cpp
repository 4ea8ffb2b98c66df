#include "engine/image/decode.h"

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

using Bytes = std::vector<std::uint8_t>;

// A JPEG that begins with an EXIF block of two entries; the second is the orientation.
Bytes jpeg_with_exif(bool little, int orientation) {
  Bytes tiff;
  const auto put = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) {
      const int shift = 8 * (little ? i : size - 1 - i);
      tiff.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  };
  tiff.insert(tiff.end(), 2, little ? 'I' : 'M');
  put(42, 2), put(8, 4), put(2, 2);
  put(0x0100, 2), put(4, 2), put(1, 4), put(640, 4);
  put(0x0112, 2), put(3, 2), put(1, 4), put(orientation, 2), put(0, 2);
  put(0, 4);
  Bytes jpeg;
  for (int byte : {0xFF, 0xD8, 0xFF, 0xE1, 0, int(tiff.size() + 8)}) jpeg.push_back(byte & 0xFF);
  for (char letter : {'E', 'x', 'i', 'f', '\0', '\0'}) jpeg.push_back(letter);
  for (std::uint8_t byte : tiff) jpeg.push_back(byte);
  for (int byte : {0xFF, 0xD9}) jpeg.push_back(byte & 0xFF);
  return jpeg;
}

}  // namespace

TEST_CASE("all eight EXIF orientations restore the upright image", "[engine][image]") {
  const Image upright = read_test_image("upright.png");
  const Image upright_jpeg = read_test_image("exif1.jpg");
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string name = "exif" + std::to_string(orientation);
    INFO(name);
    CHECK(exif_orientation(image_bytes(name + ".jpg")) == orientation);
    CHECK(read_test_image(name + ".png") == upright);
    // The rotated JPEG has other blocks, so its compression losses differ slightly.
    CHECK(largest_difference(read_test_image(name + ".jpg"), upright_jpeg) < 24);
  }
}

TEST_CASE("EXIF blocks of both byte orders are read", "[engine][image]") {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CHECK(exif_orientation(jpeg_with_exif(true, orientation)) == orientation);
    CHECK(exif_orientation(jpeg_with_exif(false, orientation)) == orientation);
  }
}

TEST_CASE("an invalid EXIF orientation means upright", "[engine][image]") {
  for (int orientation : {0, 9, 255, 65535}) {
    CHECK(exif_orientation(jpeg_with_exif(true, orientation)) == 1);
    CHECK(exif_orientation(jpeg_with_exif(false, orientation)) == 1);
  }
  CHECK(exif_orientation({}) == 1);
}

TEST_CASE("damaged EXIF blocks are never read outside their bounds", "[engine][image]") {
  for (bool little : {false, true}) {
    const Bytes whole = jpeg_with_exif(little, 6);
    for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
      CHECK(exif_orientation(Bytes(whole.begin(), whole.begin() + length)) == 1);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        Bytes damaged = whole;
        damaged[at] = static_cast<std::uint8_t>(value);
        const int orientation = exif_orientation(damaged);
        REQUIRE((orientation >= 1 && orientation <= 8));
      }
    }
  }
}

TEST_CASE("orienting by an invalid value throws", "[engine][image]") {
  CHECK_THROWS_AS(orient(Image{1, 1, {1, 2, 3}}, 0), ConfigError);
  CHECK_THROWS_AS(orient(Image{1, 1, {1, 2, 3}}, 9), ConfigError);
}
