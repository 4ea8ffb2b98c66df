#include "engine/core/half.h"

#include <cmath>
#include <limits>

#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("every half survives the conversion to float and back", "[engine][core]") {
  for (std::uint32_t h = 0; h < 65536; ++h) {
    const float value = from_half(static_cast<std::uint16_t>(h));
    if (std::isnan(value)) {
      CHECK(std::isnan(from_half(to_half(value))));
    } else if (to_half(value) != h) {
      FAIL("half " << h << " became " << to_half(value));
    }
  }
}

TEST_CASE("halves have the values of IEEE 754", "[engine][core]") {
  CHECK(from_half(0x3c00) == 1.0f);
  CHECK(from_half(0xc000) == -2.0f);
  CHECK(from_half(0x7bff) == 65504.0f);
  CHECK(from_half(0x0400) == 0x1p-14f);
  CHECK(from_half(0x0001) == 0x1p-24f);
  CHECK(std::isinf(from_half(0x7c00)));
  CHECK(std::signbit(from_half(0x8000)));
}

TEST_CASE("a float is rounded to the nearest half with ties to even", "[engine][core]") {
  // Between each pair of neighbours: below the middle, the middle, above the middle.
  for (std::uint32_t h = 0; h < 0x7bff; ++h) {
    const float low = from_half(static_cast<std::uint16_t>(h));
    const float high = from_half(static_cast<std::uint16_t>(h + 1));
    const float middle = low + (high - low) / 2;  // exact, because floats are finer than halves
    const std::uint32_t even = h % 2 == 0 ? h : h + 1;
    const bool good = to_half(middle) == even && to_half(std::nextafter(middle, low)) == h &&
                      to_half(std::nextafter(middle, high)) == h + 1 &&
                      to_half(-middle) == (even | 0x8000u);
    if (!good) FAIL("around " << middle);
  }
}

TEST_CASE("floats beyond the largest half become infinite", "[engine][core]") {
  CHECK(to_half(65519.0f) == 0x7bff);
  CHECK(to_half(65520.0f) == 0x7c00);
  CHECK(to_half(-1e30f) == 0xfc00);
  CHECK(to_half(std::numeric_limits<float>::infinity()) == 0x7c00);
}
