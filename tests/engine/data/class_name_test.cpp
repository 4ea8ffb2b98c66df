#include "engine/data/class_name.h"

#include "engine/core/error.h"
#include "engine/data/file_names.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

const std::string kCafe = "caf\xC3\xA9";            // NFC
const std::string kCafeMac = "cafe\xCC\x81";        // NFD
const std::string kZeroWidth = "\xE2\x80\x8B";      // U+200B
const std::string kByteOrderMark = "\xEF\xBB\xBF";  // U+FEFF
const std::string kNoBreakSpace = "\xC2\xA0";

using Pairs = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("class names are stored in one form", "[engine][data]") {
  CHECK(parse_class_name(kCafeMac) == kCafe);
  CHECK(parse_class_name(kCafe) == kCafe);
  CHECK(parse_class_name(" traffic light\r\n") == "traffic light");
  CHECK(parse_class_name(kNoBreakSpace + "a b" + kNoBreakSpace) == "a b");
  CHECK(parse_class_name(kByteOrderMark + "c" + kZeroWidth + "at") == "cat");
  CHECK(parse_class_name("so\xC2\xAD"
                         "ft") == "soft");                                // soft hyphen
  CHECK(parse_class_name("\xE1\x84\x80\xE1\x85\xA1") == "\xEA\xB0\x80");  // Hangul
  CHECK(parse_class_name("\xF0\x9F\x90\xB1") == "\xF0\x9F\x90\xB1");
  std::string mac_name, name;
  for (int i = 0; i < 64; ++i) mac_name += "e\xCC\x81", name += "\xC3\xA9";
  CHECK(parse_class_name(mac_name) == name);
}

TEST_CASE("texts that cannot name a class are rejected", "[engine][data]") {
  for (const std::string& bad : {std::string(),
                                 std::string("  "),
                                 kZeroWidth,
                                 kZeroWidth + " ",
                                 std::string("a\nb"),
                                 std::string("\x1b[31m"),
                                 std::string("\x7F"),
                                 std::string("\xFF"),
                                 std::string("\xC3"),
                                 std::string("\xC0\xAF"),
                                 std::string("\xED\xA0\x80"),
                                 std::string("\xC2\x9B"),
                                 std::string("\xF4\x90\x80\x80"),
                                 std::string("a/b"),
                                 std::string("a\\b"),
                                 std::string(".x"),
                                 kZeroWidth + "..",
                                 std::string("a\0b", 3),
                                 std::string(65, 'a'),
                                 std::string(5000, 'a')}) {
    INFO(escape_bytes(bad.substr(0, 100)));
    CHECK_THROWS_AS(parse_class_name(bad), FormatError);
  }
}

TEST_CASE("a class is found by its name in another Unicode form", "[engine][data]") {
  CHECK(find_class({"a", kCafeMac}, kCafe) == 1);
  CHECK(find_class({kCafeMac, kCafe}, kCafe) == 1);
  CHECK(find_class({"a", "b"}, "c") == 2);
}

TEST_CASE("class names that look alike are found", "[engine][data]") {
  const std::vector<std::string> classes = {
      "cat", "Cat", "dog", "thumb_up", "thumb up", "\xD1\x81\xD0\xB0t"};  // Cyrillic c and a
  const Pairs pairs = find_look_alikes(classes, classes);
  CHECK(pairs == Pairs{{"cat", "Cat"},
                       {"cat", "\xD1\x81\xD0\xB0t"},
                       {"Cat", "\xD1\x81\xD0\xB0t"},
                       {"thumb_up", "thumb up"}});
  CHECK(find_look_alikes(classes, {"thumb up"}) == Pairs{{"thumb_up", "thumb up"}});
  CHECK(find_look_alikes(classes, {"dog"}).empty());
  CHECK(find_look_alikes({"12", "1-2", "0", "o"}, {"12", "1-2", "0", "o"}).empty());
  CHECK(find_look_alikes({kCafe, "cafe"}, {kCafe}).empty());
}

TEST_CASE("file names in another charset are converted to UTF-8", "[engine][data]") {
  CHECK(NameDecoder("cp437").decode("\x8E"
                                    "pfel/1.png",
                                    "a.zip") == "\xC3\x84pfel/1.png");
  CHECK(NameDecoder("shift-jis").decode("\x83\x4C/1.png", "a.zip") == "\xE3\x82\xAD/1.png");
  CHECK(NameDecoder("cp437").decode(kCafe + "/1.png", "a.zip") == kCafe + "/1.png");
  CHECK(NameDecoder("").decode("cat/\x8E.png", "a.zip") == "cat/\x8E.png");
  CHECK_THROWS_WITH(NameDecoder("").decode("\x8E"
                                           "pfel/1.png",
                                           "a.zip"),
                    ContainsSubstring("a.zip are not UTF-8") &&
                        ContainsSubstring("\"\\x8Epfel/1.png\"") && ContainsSubstring("cp437"));
  CHECK_THROWS_AS(NameDecoder("shift-jis").decode("\xFF\xFF/1", "a.zip"), FormatError);
  for (const char* unknown : {"klingon", "cp437//TRANSLIT", "a b", "\xFF"}) {
    CHECK_THROWS_AS(NameDecoder(unknown), ConfigError);
  }
}
