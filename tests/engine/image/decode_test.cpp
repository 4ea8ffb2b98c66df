#include "engine/image/decode.h"

#include <zlib.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

using Bytes = std::vector<std::uint8_t>;

void put_big_endian(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

// An 8-bit grey PNG whose header says width x height and whose data is `raw`, compressed.
Bytes grey_png(std::uint32_t width, std::uint32_t height, const Bytes& raw) {
  Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const auto chunk = [&](const std::string& kind, const Bytes& data) {
    const std::size_t start = png.size();
    png.resize(start + 4);
    put_big_endian(png, start, static_cast<std::uint32_t>(data.size()));
    png.insert(png.end(), kind.begin(), kind.end());
    png.insert(png.end(), data.begin(), data.end());
    png.resize(png.size() + 4);
    const uLong crc = crc32(0, &png[start + 4], static_cast<uInt>(data.size() + 4));
    put_big_endian(png, png.size() - 4, static_cast<std::uint32_t>(crc));
  };
  Bytes header(13);
  put_big_endian(header, 0, width);
  put_big_endian(header, 4, height);
  header[8] = 8;
  uLongf size = compressBound(raw.size());
  Bytes data(size);
  compress(data.data(), &size, raw.data(), raw.size());
  data.resize(size);
  chunk("IHDR", header);
  chunk("IDAT", data);
  chunk("IEND", {});
  return png;
}

}  // namespace

TEST_CASE("PNG and BMP and JPEG files of one image decode alike", "[engine][image]") {
  const Image upright = read_test_image("upright.png");
  REQUIRE(upright.width == 24);
  REQUIRE(upright.height == 16);
  CHECK(upright.rgb[(16 * 24 - 1) * 3] > 200);  // the ramp: red grows to the right
  CHECK(read_test_image("rgb.bmp") == upright);
  CHECK(largest_difference(read_test_image("exif1.jpg"), upright) < 24);
  CHECK(read_test_image("progressive.jpg") == read_test_image("exif1.jpg"));
}

TEST_CASE("grey images become R = G = B", "[engine][image]") {
  const Image expected = read_test_image("grey_expected.png");
  CHECK(read_test_image("grey.png") == expected);
  CHECK(largest_difference(read_test_image("grey.jpg"), expected) < 12);
}

TEST_CASE("transparent pixels are blended with white as in Pillow", "[engine][image]") {
  CHECK(largest_difference(read_test_image("alpha.png"), read_test_image("alpha_expected.png")) <=
        1);
  CHECK(read_test_image("palette_clear.png") == read_test_image("palette_clear_expected.png"));
  CHECK(read_test_image("palette.png") == read_test_image("palette_expected.png"));
}

TEST_CASE("16-bit samples keep their upper 8 bits", "[engine][image]") {
  const Image rgb16 = read_test_image("rgb16.png");
  REQUIRE(rgb16.width == 12);
  for (int y = 0; y < rgb16.height; ++y) {
    for (int x = 0; x < rgb16.width; ++x) {
      const std::uint8_t* pixel = &rgb16.rgb[(y * 12 + x) * 3];
      CHECK((pixel[0] == 9 * x && pixel[1] == 9 * y && pixel[2] == 77));
    }
  }
}

TEST_CASE("a CMYK JPEG is decoded", "[engine][image]") {
  CHECK(largest_difference(read_test_image("cmyk.jpg"), read_test_image("upright.png")) < 40);
}

TEST_CASE("every truncation of every image format is rejected with a reason", "[engine][image]") {
  for (const char* name :
       {"exif6.jpg", "progressive.jpg", "grey.jpg", "exif6.png", "alpha.png", "palette_clear.png",
        "rgb16.png", "rgb.bmp", "still.gif", "interlaced.gif", "lossy.webp", "lossless_alpha.webp",
        "animated.webp"}) {
    const Bytes whole = image_bytes(name);
    // What follows the image data is not needed: the end chunk of a PNG, the end marker of a JPEG,
    // and of a GIF the last LZW code, the end of its block and the trailer.
    const std::size_t unneeded = whole[0] == 0x89   ? 12
                                 : whole[0] == 0xFF ? 2
                                 : whole[0] == 'G'  ? 5
                                                    : 0;
    int accepted = 0;
    for (std::size_t length = 0; length < whole.size() - unneeded; ++length) {
      if (rejection(Bytes(whole.begin(), whole.begin() + length)).empty()) ++accepted;
    }
    INFO(name);
    CHECK(accepted == 0);
  }
}

TEST_CASE("GIF and WebP files decode as in Pillow", "[engine][image]") {
  for (const char* name :
       {"still.gif", "interlaced.gif", "clear.gif", "animated.gif", "lossy.webp",
        "lossy_alpha.webp", "lossless_alpha.webp", "animated.webp", "exif6.webp"}) {
    std::string expected = name;
    expected[expected.find('.')] = '_';
    INFO(name);
    CHECK(largest_difference(read_test_image(name), read_test_image(expected + "_expected.png")) <=
          1);
  }
}

TEST_CASE("a file that is cut off says so", "[engine][image]") {
  for (const char* name : {"exif6.jpg", "progressive.jpg", "exif6.png", "rgb.bmp", "still.gif",
                           "lossy.webp", "lossless_alpha.webp"}) {
    const Bytes whole = image_bytes(name);
    std::string other;
    for (std::size_t length = 40; length < whole.size() - 12; ++length) {
      const std::string error = rejection(Bytes(whole.begin(), whole.begin() + length));
      const bool right = error.find("cut off") != std::string::npos ||
                         error.find("holds no image data; it ends at byte") != std::string::npos;
      if (!right) other = error;
    }
    INFO(name);
    CHECK(other == "");
  }
}

TEST_CASE("flipped bytes give an image or a FormatError", "[engine][image]") {
  for (const char* name :
       {"exif6.jpg", "progressive.jpg", "exif6.png", "alpha.png", "palette_clear.png", "rgb16.png",
        "rgb.bmp", "still.gif", "lossy.webp", "lossless_alpha.webp", "animated.webp"}) {
    const Bytes whole = image_bytes(name);
    Rng rng(1);
    int decoded = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int repeat = 0; repeat < 3; ++repeat) {
        Bytes damaged = whole;
        damaged[at] ^= static_cast<std::uint8_t>(1 + rng.below(255));
        if (repeat == 2) damaged[rng.below(static_cast<std::uint32_t>(whole.size()))] ^= 0xFF;
        // A low limit, so that a damaged size does not make this test slow.
        if (rejection(damaged, {.max_pixels = 1 << 20}).empty()) ++decoded;
      }
    }
    INFO(name);
    CHECK(decoded > 0);  // some bytes do not matter
  }
}

TEST_CASE("a huge image is rejected by its header before anything is allocated",
          "[engine][image]") {
  // 60,000 x 60,000 in 70 bytes.
  CHECK_THAT(rejection(grey_png(60000, 60000, {0})),
             ContainsSubstring("60000x60000 = 3600000000 pixels, the limit is 64000000"));
  Bytes bmp = image_bytes("rgb.bmp");
  bmp[18] = bmp[22] = 0x30, bmp[19] = bmp[23] = 0x75;  // 30,000 x 30,000
  CHECK_THAT(rejection(bmp), ContainsSubstring("30000x30000"));
  CHECK_THAT(rejection(grey_png(1 << 20, 1 << 20, {0})), ContainsSubstring("too large"));
}

TEST_CASE("decoding limits can be set by the caller", "[engine][image]") {
  const Bytes png = image_bytes("upright.png");  // 24 x 16
  CHECK(rejection(png, {.max_pixels = 24 * 16}).empty());
  CHECK_THAT(rejection(png, {.max_pixels = 24 * 16 - 1}), ContainsSubstring("24x16 = 384 pixels"));
  CHECK_THAT(rejection(png, {.max_aspect = 1.4}), ContainsSubstring("too narrow"));
}

TEST_CASE("a small PNG that unpacks to a gigabyte does not get the memory", "[engine][image]") {
  const Bytes bomb = grey_png(1, 1, Bytes(64 << 20));
  REQUIRE(bomb.size() < 80'000);
  CHECK_THAT(rejection(bomb), ContainsSubstring("not enough memory"));
}

TEST_CASE("a JPEG whose Huffman table has more than 255 codes is rejected", "[engine][image]") {
  Bytes jpeg = image_bytes("exif1.jpg");
  const Bytes mark{0xFF, 0xC4};
  const auto table = std::search(jpeg.begin(), jpeg.end(), mark.begin(), mark.end());
  REQUIRE(table != jpeg.end());
  std::fill_n(table + 5, 16, std::uint8_t{255});
  CHECK_THAT(rejection(jpeg), ContainsSubstring("a Huffman table of 4080 codes"));
}
