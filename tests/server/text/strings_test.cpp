#include "server/text/strings.h"

#include "tests/support/catch.h"

using namespace fovea::server;

TEST_CASE("trim removes blanks at both ends only", "[server][text]") {
  CHECK(trim(" \ta b\t ") == "a b");
  CHECK(trim(" \t ").empty());
  CHECK(trim("\r\na\r", "\r\n") == "a");
}

TEST_CASE("take_until splits a text at the first separator", "[server][text]") {
  std::string_view text = "a,b;";
  CHECK(take_until(text, ",;") == "a");
  CHECK(take_until(text, ",;") == "b");
  CHECK(text.empty());
  CHECK(take_until(text, ",;").empty());
}

TEST_CASE("lower changes ASCII letters only", "[server][text]") {
  CHECK(lower("AbZ-9\xc3\x84") == "abz-9\xc3\x84");
}
