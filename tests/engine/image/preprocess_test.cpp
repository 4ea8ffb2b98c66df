#include "engine/image/preprocess.h"

#include "engine/core/error.h"
#include "engine/image/resize.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"

using namespace fovea;
using namespace fovea::tests;

TEST_CASE("fit crop scales the shorter side and crops the centre", "[engine][image]") {
  const Image source = read_test_image("resize_source.png");  // 61 x 47
  // 61 * 32 / 47 = 41.53, so 42 x 32, of which columns 5 to 36 are kept.
  CHECK(fit_to_square(source, 32, Fit::crop, {}) == crop(resize(source, 42, 32), 5, 0, 32, 32));
}

TEST_CASE("fit stretch ignores the aspect ratio", "[engine][image]") {
  const Image source = read_test_image("resize_source.png");
  CHECK(fit_to_square(source, 32, Fit::stretch, {}) == resize(source, 32, 32));
}

TEST_CASE("fit pad keeps the whole image and fills with the mean colour", "[engine][image]") {
  const Image source = read_test_image("resize_source.png");
  const Image padded = fit_to_square(source, 32, Fit::pad, {0.5f, 0.0f, 1.0f});
  // 47 * 32 / 61 = 24.66, so 25 rows, from row 3 on.
  CHECK(crop(padded, 0, 3, 32, 25) == resize(source, 32, 25));
  for (int row : {0, 2, 28, 31}) {
    const std::uint8_t* pixel = &padded.rgb[(row * 32 + 7) * 3];
    CHECK((pixel[0] == 128 && pixel[1] == 0 && pixel[2] == 255));
  }
}

TEST_CASE("a long strip can be made square", "[engine][image]") {
  const Image strip{200, 4, std::vector<std::uint8_t>(200 * 4 * 3, 9)};
  for (const Fit fit : {Fit::crop, Fit::stretch, Fit::pad}) {
    const Image square = fit_to_square(strip, 16, fit, {});
    CHECK(square.width == 16);
    CHECK(square.height == 16);
    CHECK(square.rgb.size() == 16 * 16 * 3);
  }
}

TEST_CASE("the narrowest image that is decoded can be made square at the largest size",
          "[engine][image]") {
  for (const auto& [width, height] : {std::pair{50, 1}, std::pair{1, 50}}) {
    const Image strip{width, height, std::vector<std::uint8_t>(150, 9)};
    for (const Fit fit : {Fit::crop, Fit::stretch, Fit::pad}) {
      const Image square = fit_to_square(strip, 1024, fit, {});
      CHECK(square.rgb.size() == 1024 * 1024 * 3);
      CHECK(square.rgb[(512 * 1024 + 512) * 3] == 9);
    }
  }
}

TEST_CASE("normalising subtracts the mean and divides by the deviation of each channel",
          "[engine][image]") {
  const Image square{1, 1, {0, 51, 255}};
  Preprocess preprocess{1, Fit::crop, {0.5f, 0.2f, 0.25f}, {0.5f, 0.1f, 0.25f}};
  const Tensor x = preprocess_image(square, preprocess);
  REQUIRE(x.shape() == Shape{1, 1, 1, 3});
  CHECK(x.data()[0] == Approx(-1));
  CHECK(x.data()[1] == Approx(0).margin(1e-6));
  CHECK(x.data()[2] == Approx(3));
}

TEST_CASE("fit names can be parsed and unknown ones are rejected by name", "[engine][image]") {
  for (const Fit fit : {Fit::crop, Fit::stretch, Fit::pad}) CHECK(parse_fit(to_string(fit)) == fit);
  CHECK_THROWS_WITH(parse_fit("squash"), "fit \"squash\" is not one of crop, stretch, pad");
}
