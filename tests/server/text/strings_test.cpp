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

TEST_CASE("a text is cut before a character that does not fit", "[server][text]") {
  CHECK(cut("abc", 3) == "abc");
  CHECK(cut("abcd", 3) == "abc");
  CHECK(cut("ab\xc3\xa4", 3) == "ab");
  CHECK(cut("ab\xc3\xa4", 4) == "ab\xc3\xa4");
  CHECK(cut("a\xf0\x9f\x90\xb1", 4) == "a");
  CHECK(cut("\x80\x80\x80\x80\x80\x80", 4) == "\x80\x80\x80\x80");  // not UTF-8
  CHECK(cut("abc", 0).empty());
}
