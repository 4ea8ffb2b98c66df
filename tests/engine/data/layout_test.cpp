#include "engine/data/layout.h"

#include "tests/support/catch.h"

using namespace fovea;

namespace {

// "cat", "cat in val", or "?".
std::vector<std::string> read(const std::vector<std::string>& paths) {
  std::vector<std::string> texts;
  for (const auto& place : read_layout(paths)) {
    std::string text = place ? place->class_name : "?";
    if (place && place->split == Split::train) text += " in train";
    if (place && place->split == Split::val) text += " in val";
    if (place && place->split == Split::test) text += " in test";
    texts.push_back(text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a folder is a class", "[engine][data]") {
  CHECK(read({"cat/1.jpg", "dog/1.jpg"}) == Texts{"cat", "dog"});
  CHECK(read({"cat/1.jpg"}) == Texts{"cat"});
}

TEST_CASE("folders named after a split contain class folders", "[engine][data]") {
  CHECK(read({"train/cat/1.jpg", "val/cat/2.jpg", "test/dog/3.jpg"}) ==
        Texts{"cat in train", "cat in val", "dog in test"});
  CHECK(read({"valid/cat/1.jpg", "validation/cat/2.jpg"}) == Texts{"cat in val", "cat in val"});
  CHECK(read({"train/cat/1.jpg"}) == Texts{"cat in train"});
}

TEST_CASE("folders that contain everything are skipped", "[engine][data]") {
  CHECK(read({"hands/0/a.jpg", "hands/1/a.jpg"}) == Texts{"0", "1"});
  CHECK(read({"a/b/train/cat/1.jpg", "a/b/test/cat/2.jpg"}) ==
        Texts{"cat in train", "cat in test"});
  CHECK(read({"./hands//0/a.jpg"}) == Texts{"0"});
}

TEST_CASE("a class may be named train when it contains images", "[engine][data]") {
  CHECK(read({"train/1.jpg", "plane/1.jpg"}) == Texts{"train", "plane"});
}

TEST_CASE("paths of another form have no class", "[engine][data]") {
  CHECK(read({"1.jpg", "cat/2.jpg"}) == Texts{"?", "cat"});
  CHECK(read({"cat/more/1.jpg", "dog/2.jpg"}) == Texts{"?", "dog"});
  CHECK(read({"train/cat/more/1.jpg", "test/cat/2.jpg"}) == Texts{"?", "cat in test"});
  CHECK(read({""}) == Texts{"?"});
  CHECK(read({}).empty());
}

TEST_CASE("class names are plain text", "[engine][data]") {
  for (const char* good :
       {"cat", "Katze 1", "\xC3\xA4gypten", "\xE7\x8C\xAB", "\xF0\x9F\x90\xB1"}) {
    CHECK(is_class_name(good));
  }
  for (const char* bad : {"", "a\nb", "\x1b[31m", "\x7F", "\xFF", "\xC3", "\xC0\xAF",
                          "\xED\xA0\x80", "\xC2\x9B", "\xF4\x90\x80\x80", "\xE0\x80\xAF"}) {
    CHECK_FALSE(is_class_name(bad));
  }
  CHECK_FALSE(is_class_name(std::string(201, 'a')));
}
