#include "engine/core/text.h"

#include <limits>

#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("join puts the separator between the parts only", "[engine][core]") {
  CHECK(join({}).empty());
  CHECK(join({"a"}) == "a");
  CHECK(join({"a", "", "c"}) == "a, , c");
  CHECK(join({"1", "2"}, "x") == "1x2");
}

TEST_CASE("format_percent shows a fraction with one decimal", "[engine][core]") {
  CHECK(format_percent(0) == "0.0 %");
  CHECK(format_percent(0.12345) == "12.3 %");
  CHECK(format_percent(1) == "100.0 %");
}

TEST_CASE("to_hex writes two lower-case digits per byte", "[engine][core]") {
  const std::uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
  CHECK(to_hex(bytes) == "000fa5ff");
}

TEST_CASE("the shortest decimal reads back as the same float", "[engine][core]") {
  CHECK(shortest_decimal(0.1f) == 0.1);
  CHECK(shortest_decimal(1e-6f) == 1e-6);
  for (const float value : {1.0f / 3, 16777217.0f, -2.5e-38f}) {
    CHECK(static_cast<float>(shortest_decimal(value)) == value);
  }
}

TEST_CASE("exact_text and parse_number are inverse to each other", "[engine][core]") {
  CHECK(exact_text(0.1f) == "0.1");
  for (const double value : {0.1, -1e-300, std::numeric_limits<double>::infinity()}) {
    CHECK(parse_number<double>(exact_text(value)) == value);
  }
  CHECK(parse_number<int>(exact_text(-42)) == -42);
}

TEST_CASE("parse_number rejects text that is not exactly one number", "[engine][core]") {
  for (const char* text : {"", " 1", "1 ", "1x", "x", "99999999999"}) {
    CHECK_FALSE(parse_number<int>(text).has_value());
  }
}
