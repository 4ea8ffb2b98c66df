#include "engine/data/layout.h"

#include "engine/data/image_source.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

// "cat", "cat in val", or the problem.
std::vector<std::string> read(const std::vector<std::string>& paths) {
  std::vector<std::string> texts;
  for (const Placement& place : read_layout(paths)) {
    std::string text = place.problem.empty() ? place.class_name : place.problem;
    if (place.split) text += " in " + to_string(*place.split);
    texts.push_back(text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

const std::string kNone = "no class: the file is in no class folder";
const std::string kOutside = "no class: the file is outside of the train, val and test folders";

std::string directly_in(const std::string& folder) {
  return "no class: the file is directly in the folder " + folder;
}

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
  CHECK(read({"TRAIN/cat/1.jpg", "Validation/cat/2.jpg", "Testing/dog/3.jpg"}) ==
        Texts{"cat in train", "cat in val", "dog in test"});
  CHECK(read({"training_set/cat/1.jpg", "test_set/cat/2.jpg"}) ==
        Texts{"cat in train", "cat in test"});
  CHECK(read({"training/cat/1.jpg", "evaluation/cat/2.jpg"}) ==
        Texts{"cat in train", "cat in test"});
  CHECK(read({"train/train/cat/1.jpg", "test/test/dog/2.jpg"}) ==
        Texts{"cat in train", "dog in test"});
  CHECK(read({"train/train/1.jpg", "train/plane/2.jpg"}) ==
        Texts{"train in train", "plane in train"});
}

TEST_CASE("split folders may be inside of every class folder", "[engine][data]") {
  CHECK(read({"cat/train/1.jpg", "cat/Test/2.jpg", "dog/train/3.jpg"}) ==
        Texts{"cat in train", "cat in test", "dog in train"});
  CHECK(read({"cat/train/1.jpg", "dog/3.jpg"}) == Texts{"cat", "dog"});
  CHECK(read({"cat/train/1.jpg", "dog/train/1.jpg", "dog/3.jpg"}) == Texts{"cat", "dog", "dog"});
}

TEST_CASE("unlabelled images in a split folder have no class", "[engine][data]") {
  CHECK(read({"train/cat/1.jpg", "train/dog/2.jpg", "test/3.jpg"}) ==
        Texts{"cat in train", "dog in train", directly_in("test")});
  CHECK(read({"train/1.jpg", "test/2.jpg"}) == Texts{directly_in("train"), directly_in("test")});
  CHECK(read({"train/cat/1.jpg", "more/cat/2.jpg"}) == Texts{"cat in train", kOutside});
}

TEST_CASE("folders that contain everything are skipped", "[engine][data]") {
  CHECK(read({"hands/0/a.jpg", "hands/1/a.jpg"}) == Texts{"0", "1"});
  CHECK(read({"a/b/train/cat/1.jpg", "a/b/test/cat/2.jpg"}) ==
        Texts{"cat in train", "cat in test"});
  CHECK(read({"./hands//0/a.jpg"}) == Texts{"0"});
}

TEST_CASE("stray files beside the class folders do not change the classes", "[engine][data]") {
  CHECK(read({"signs/cover.png", "signs/up/1.png", "signs/down/1.png"}) ==
        Texts{kNone, "up", "down"});
  CHECK(read({"cover.png", "signs/up/1.png", "signs/down/1.png"}) == Texts{kNone, "up", "down"});
  CHECK(read({"README", "docs/a.txt", "signs/up/1.png", "signs/down/1.png"}) ==
        Texts{kNone, kNone, "up", "down"});
  CHECK(read({"train/a.csv", "train/cat/1.jpg", "val/dog/2.jpg"}) ==
        Texts{directly_in("train"), "cat in train", "dog in val"});
}

TEST_CASE("folders below a class belong to the class", "[engine][data]") {
  CHECK(read({"cat/kitten/1.png", "cat/adult/2.png", "dog/1.png"}) == Texts{"cat", "cat", "dog"});
  CHECK(read({"cat/a/b/c/1.png", "dog/1.png"}) == Texts{"cat", "dog"});
  CHECK(read({"train/cat/more/1.jpg", "test/cat/2.jpg"}) == Texts{"cat in train", "cat in test"});
}

TEST_CASE("folders named by a date are skipped", "[engine][data]") {
  CHECK(read({"cat/2024-01/1.png", "cat/2024-02/2.png"}) == Texts{"cat", "cat"});
  CHECK(read({"2024-01-31/cat/1.png", "2024-02-01/dog/2.png"}) == Texts{"cat", "dog"});
  CHECK(read({"photos/20240131/cat/1.png", "photos/2024_02_01/dog/2.png"}) == Texts{"cat", "dog"});
  CHECK(read({"2024-01/1.png", "2024-02/2.png"}) == Texts{kNone, kNone});
  CHECK(read({"20249999/1.png", "2024-13/2.png", "0123-01/3.png"}) ==
        Texts{"20249999", "2024-13", "0123-01"});
}

TEST_CASE("a class of an exported dataset may be named by a date", "[engine][data]") {
  const auto places = read_layout({"train/2024-01/1.png", "test/2024-01/2.png"}, true);
  CHECK(places.at(0).class_name == "2024-01");
  CHECK(places.at(1).split == Split::test);
}

TEST_CASE("years are folders of the only class but otherwise class names", "[engine][data]") {
  CHECK(read({"cat/2023/1.png", "cat/2024/2.png"}) == Texts{"cat", "cat"});
  CHECK(read({"cat/2024/01/1.png"}) == Texts{"cat"});
  CHECK(read({"1990/1.png", "1991/2.png"}) == Texts{"1990", "1991"});
}

TEST_CASE("a class may be named train when it contains images", "[engine][data]") {
  CHECK(read({"train/1.jpg", "plane/1.jpg"}) == Texts{"train", "plane"});
  CHECK(read({"toys/train/1.jpg", "toys/plane/1.jpg"}) == Texts{"train", "plane"});
}

TEST_CASE("paths without a folder have no class", "[engine][data]") {
  CHECK(read({"1.jpg", "cat/2.jpg"}) == Texts{kNone, "cat"});
  CHECK(read({""}) == Texts{kNone});
  CHECK(read({}).empty());
}

TEST_CASE("the meaning of a path does not depend on the order of the paths", "[engine][data]") {
  const Texts paths = {"s/cover.png", "s/up/1.png", "s/down/x/2.png", "s/2024-01/up/3.png"};
  const Texts backward(paths.rbegin(), paths.rend());
  Texts meanings = read(backward);
  std::reverse(meanings.begin(), meanings.end());
  CHECK(read(paths) == meanings);
}

TEST_CASE("deep paths and many folders are read quickly", "[engine][data]") {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a/";
  CHECK(read({deep + "1.jpg", deep + "b/2.jpg"}).size() == 2);
  Texts many;
  for (int i = 0; i < 100'000; ++i) many.push_back("c" + std::to_string(i) + "/1.jpg");
  CHECK(read(many).back() == "c99999");
}

TEST_CASE("files that systems create are skipped", "[engine][data]") {
  for (const char* junk :
       {".DS_Store", "cat/.DS_Store", "cat/._1.jpg", "__MACOSX/cat/1.jpg", "a/__MACOSX/1.jpg",
        "cat/Thumbs.db", "cat/thumbs.DB", "Desktop.ini", "@eaDir/1.jpg", "cat/Icon\r",
        "$RECYCLE.BIN/1.jpg", ".git/x/1.jpg", "System Volume Information/x"}) {
    INFO(junk);
    CHECK(is_junk_file(junk));
  }
  for (const char* good : {"cat/1.jpg", "./cat/1.jpg", "../cat/1.jpg", "cat/icon.png", "a.b/1"}) {
    INFO(good);
    CHECK_FALSE(is_junk_file(good));
  }
}
