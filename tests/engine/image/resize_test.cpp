#include "engine/image/resize.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

Image flat(int width, int height, std::uint8_t value) {
  return {width, height, std::vector<std::uint8_t>(std::size_t(width) * height * 3, value)};
}

Image noise(int width, int height) {
  Image image = flat(width, height, 0);
  Rng rng(3);
  for (std::uint8_t& value : image.rgb) value = static_cast<std::uint8_t>(rng.next_u32());
  return image;
}

}  // namespace

TEST_CASE("resizing agrees with the bilinear filter of Pillow within one level",
          "[engine][image]") {
  const Image source = read_test_image("resize_source.png");
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{
           {32, 32}, {20, 47}, {61, 9}, {7, 5}, {100, 70}, {1, 1}, {60, 46}}) {
    const std::string name =
        "resize_" + std::to_string(width) + "x" + std::to_string(height) + ".png";
    INFO(name);
    CHECK(largest_difference(resize(source, width, height), read_test_image(name)) <= 1);
  }
}

TEST_CASE("a constant image stays constant at every size", "[engine][image]") {
  for (int side : {1, 2, 3, 17, 31, 64, 100, 1000}) {
    CHECK(resize(flat(37, 90, 255), side, 5) == flat(side, 5, 255));
    CHECK(resize(flat(1000, 3, 1), 7, side) == flat(7, side, 1));
  }
  CHECK(resize(flat(60000, 1, 254), 1, 1) == flat(1, 1, 254));
}

TEST_CASE("resizing to the same size does not change the image", "[engine][image]") {
  const Image image = noise(19, 23);
  CHECK(resize(image, 19, 23) == image);
}

TEST_CASE("resizing commutes with mirroring", "[engine][image]") {
  const Image image = noise(53, 29);
  const auto mirror = [](const Image& in) {
    Image out = in;
    for (int y = 0; y < in.height; ++y) {
      for (int x = 0; x < in.width; ++x) {
        std::copy_n(&in.rgb[(y * in.width + x) * 3], 3,
                    &out.rgb[(y * in.width + in.width - 1 - x) * 3]);
      }
    }
    return out;
  };
  CHECK(largest_difference(resize(mirror(image), 16, 40), mirror(resize(image, 16, 40))) <= 1);
}

TEST_CASE("shrinking is anti-aliased so that fine stripes become grey", "[engine][image]") {
  Image stripes = flat(64, 64, 0);
  for (std::size_t i = 0; i < stripes.rgb.size(); ++i) {
    if (i / 3 % 2 == 0) stripes.rgb[i] = 255;
  }
  const Image small = resize(stripes, 8, 8);
  const auto [low, high] = std::minmax_element(small.rgb.begin(), small.rgb.end());
  CHECK(*low > 110);
  CHECK(*high < 146);
}

TEST_CASE("invalid sizes and rectangles are rejected naming the numbers", "[engine][image]") {
  const Image image = flat(10, 8, 0);
  CHECK_THROWS_AS(resize(image, 0, 5), ShapeError);
  CHECK_THROWS_AS(resize(image, 5, 16385), ShapeError);
  CHECK_THROWS_AS(crop(image, -1, 0, 5, 5), ShapeError);
  CHECK_THROWS_AS(crop(image, 6, 0, 5, 5), ShapeError);
  CHECK_THROWS_AS(crop(image, 0, 4, 5, 5), ShapeError);
  CHECK_THROWS_AS(crop(image, 0, 0, 0, 5), ShapeError);
  CHECK_THROWS_WITH(crop(image, 6, 0, 5, 5), "cannot crop 5x5 at (6, 0) out of 10x8");
}

TEST_CASE("resizing a part gives the same bytes as resizing the whole", "[engine][image]") {
  const Image image = noise(53, 29);
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{20, 11}, {53, 40}, {90, 29}, {140, 77}}) {
    const Image whole = resize(image, width, height);
    for (const auto& [x, y, w, h] : std::vector<std::array<int, 4>>{
             {0, 0, width, height}, {3, 2, 7, 5}, {width - 1, height - 1, 1, 1}}) {
      INFO(width << "x" << height << " at " << x << ", " << y);
      CHECK(resize_and_crop(image, width, height, x, y, w, h) == crop(whole, x, y, w, h));
    }
  }
  CHECK_THROWS_WITH(resize_and_crop(image, 20, 11, 15, 0, 6, 5),
                    "cannot crop 6x5 at (15, 0) out of 20x11");
}

TEST_CASE("a crop is the requested rectangle", "[engine][image]") {
  const Image image = noise(10, 8);
  const Image part = crop(image, 3, 2, 4, 5);
  REQUIRE(part.width == 4);
  REQUIRE(part.height == 5);
  CHECK(std::equal(&part.rgb[0], &part.rgb[12], &image.rgb[(2 * 10 + 3) * 3]));
  CHECK(std::equal(&part.rgb[48], &part.rgb[48] + 12, &image.rgb[(6 * 10 + 3) * 3]));
}
