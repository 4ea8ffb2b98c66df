// What an import does with duplicates, unusable files and the same source again.
#include <map>

#include "engine/core/file.h"
#include "engine/data/import.h"
#include "tests/support/catch.h"
#include "tests/support/image_trees.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

namespace fs = std::filesystem;

}  // namespace

TEST_CASE(
    "an import with more rejected files than usable ones changes nothing unless it is partial",
    "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src", class_tree(0, 3));
  for (int i = 0; i < 4; ++i) {
    write_tree(temp.path() / "src",
               {{"cat/" + std::to_string(i) + ".txt", text_bytes("no image"), {}}});
  }
  std::map<std::string, FileResult::Kind> kinds;
  ImportEvents events;
  events.file = [&](const FileResult& result) { kinds[result.file] = result.kind; };
  ImportOptions options;
  const ImportReport report =
      import_dataset(temp.path() / "src", temp.path() / "set", options, events);
  CHECK(report.refused);
  CHECK(report.added == 3);
  CHECK(report.rejected == 4);
  CHECK(kinds.at("cat/1.bmp") == FileResult::Kind::usable);
  CHECK(kinds.at("cat/0.txt") == FileResult::Kind::rejected);
  CHECK_FALSE(Dataset::exists(temp.path() / "set"));
  options.partial = true;
  const ImportResult partial = import_tree(temp.path() / "src", temp.path() / "set", options);
  CHECK_FALSE(partial.report.refused);
  CHECK(partial.added == 3);
  // Exactly half of the files.
  fs::remove(temp.path() / "src/cat/0.txt");
  CHECK_FALSE(import_tree(temp.path() / "src", temp.path() / "half").report.refused);
}

TEST_CASE("a second import of the same source changes nothing", "[engine][data]") {
  const TemporaryFolder temp;
  // Without the images, the first of which is new each time, this is the class signs.
  write_tree(temp.path() / "src", {{"signs/cover.bmp", bmp(1), {}},
                                   {"signs/up/1.bmp", bmp(2), {}},
                                   {"signs/down/1.bmp", bmp(3), {}},
                                   {"signs/down/same.bmp", bmp(2), {}}});
  import_tree(temp.path() / "src", temp.path() / "set");
  const std::vector<std::uint8_t> index = read_file(temp.path() / "set/index");
  const std::vector<std::uint8_t> pixels = read_file(temp.path() / "set/pixels-0");
  const ImportResult again = import_tree(temp.path() / "src", temp.path() / "set");
  CHECK(again.report.added == 0);
  CHECK(again.report.duplicates == 3);
  CHECK(again.report.rejected == 1);
  CHECK(read_file(temp.path() / "set/index") == index);
  CHECK(read_file(temp.path() / "set/pixels-0") == pixels);
}

TEST_CASE("the meaning of a path does not depend on whether other files decode or are new",
          "[engine][data]") {
  const TemporaryFolder temp;
  const auto classes_of = [&](const std::string& name, const std::vector<ArchiveEntry>& first,
                              const std::vector<ArchiveEntry>& entries) {
    ImportOptions options;
    options.partial = true;
    const fs::path set = temp.path() / ("set-" + name);
    if (!first.empty()) {
      write_tree(temp.path() / ("first-" + name), first);
      import_tree(temp.path() / ("first-" + name), set, options);
    }
    write_tree(temp.path() / name, entries);
    import_tree(temp.path() / name, set, options);
    return Dataset::open(set).classes();
  };
  const std::vector<std::string> cat_and_dog = {"cat", "dog"};
  // All images of the class dog are damaged, so that cat is the only folder with images.
  CHECK(classes_of("damaged", {},
                   {{"cat/a/1.bmp", bmp(1), {}},
                    {"cat/b/2.bmp", bmp(2), {}},
                    {"dog/1.bmp", text_bytes("damaged"), {}}}) == std::vector<std::string>{"cat"});
  // The images of the class dog are in the dataset already.
  CHECK(classes_of("known", {{"dog/1.bmp", bmp(3), {}}},
                   {{"cat/a/1.bmp", bmp(1), {}},
                    {"cat/b/2.bmp", bmp(2), {}},
                    {"dog/1.bmp", bmp(3), {}}}) == std::vector<std::string>{"dog", "cat"});
}

TEST_CASE("an image in two classes is reported with both and kept in the first in any source order",
          "[engine][data]") {
  const TemporaryFolder temp;
  std::vector<ArchiveEntry> entries = {{"dog/copy.bmp", bmp(1), {}},
                                       {"dog/2.bmp", bmp(2), {}},
                                       {"cat/1.bmp", bmp(1), {}},
                                       {"cat/3.bmp", bmp(3), {}}};
  for (const char* name : {"a.zip", "b.zip"}) {
    write_archive(temp.path() / name, entries);
    const fs::path set = temp.path() / (std::string("set-") + name);
    const ImportResult result = import_tree(temp.path() / name, set);
    CHECK(result.report.conflicts == 1);
    CHECK(result.reasons.at("dog/copy.bmp") ==
          "the same as cat/1.bmp in class cat, but here in class dog");
    CHECK(count_images(Dataset::open(set), "cat", Split::train) == 2);
    std::reverse(entries.begin(), entries.end());
  }
}

TEST_CASE("an image in a file without a class is imported from another file", "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src",
             {{"cover.bmp", bmp(1), {}}, {"up/1.bmp", bmp(1), {}}, {"down/1.bmp", bmp(2), {}}});
  const ImportResult result = import_tree(temp.path() / "src", temp.path() / "set");
  CHECK(result.report.added == 2);
  CHECK(result.report.rejected == 1);
  CHECK(Dataset::open(temp.path() / "set").classes() == std::vector<std::string>{"down", "up"});
}

TEST_CASE("an image in the train and the test folder is kept as a test image", "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src", {{"train/cat/1.bmp", bmp(1), {}},
                                   {"train/cat/2.bmp", bmp(2), {}},
                                   {"test/cat/3.bmp", bmp(1), {}}});
  ImportOptions options;
  options.val_fraction = 0;
  import_tree(temp.path() / "src", temp.path() / "set", options);
  CHECK(count_images(Dataset::open(temp.path() / "set"), "cat", Split::test) == 1);
  CHECK(count_images(Dataset::open(temp.path() / "set"), "cat", Split::train) == 1);
}

TEST_CASE("classes that look alike are reported", "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src", {{"Cat/1.bmp", bmp(1), {}}, {"cat/2.bmp", bmp(2), {}}});
  const ImportResult result = import_tree(temp.path() / "src", temp.path() / "set");
  REQUIRE(result.report.look_alikes.size() == 1);
  CHECK(result.report.look_alikes[0] == std::pair<std::string, std::string>("Cat", "cat"));
}
