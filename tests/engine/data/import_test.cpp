#include "engine/data/import.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/image_source.h"
#include "tests/support/archives.h"
#include "tests/support/bitmaps.h"
#include "tests/support/catch.h"
#include "tests/support/image_trees.h"
#include "tests/support/images.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a folder of classes imports as a dataset that is split by class", "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src", class_tree(0, 100));
  const ImportResult result = import_tree(temp.path() / "src", temp.path() / "set");
  CHECK(result.report.added == 100);
  CHECK(result.added == 100);
  const Dataset dataset = Dataset::open(temp.path() / "set");
  CHECK(dataset.classes() == std::vector<std::string>{"cat", "dog"});
  for (const char* name : {"cat", "dog"}) {
    CHECK(count_images(dataset, name, Split::train) == 40);
    CHECK(count_images(dataset, name, Split::val) == 5);
    CHECK(count_images(dataset, name, Split::test) == 5);
  }
  for (const ImageRecord& image : dataset.images()) {
    const int i = std::stoi(image.name.substr(4));
    CHECK(image.name.substr(0, 3) == dataset.classes()[std::size_t(image.label)]);
    CHECK(dataset.load(image) == decode_image(bmp(i)));
  }
}

TEST_CASE("a folder and all kinds of archives of it give the same dataset", "[engine][data]") {
  const TemporaryFolder temp;
  const auto entries = class_tree(0, 20);
  write_tree(temp.path() / "src", entries);
  import_tree(temp.path() / "src", temp.path() / "set");
  const std::string revision = Dataset::open(temp.path() / "set").revision();
  for (const char* name : {"a.tar", "a.tar.gz", "a.tar.xz", "a.zip"}) {
    write_archive(temp.path() / name, entries);
    const fs::path folder = temp.path() / (std::string("set-") + name);
    CHECK(import_tree(temp.path() / name, folder).report.added == 20);
    CHECK(Dataset::open(folder).revision() == revision);
  }
}

TEST_CASE("an import does not depend on the number of threads", "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src", class_tree(0, 30));
  ImportOptions one, four;
  one.threads = 1, four.threads = 4;
  one.added_at = four.added_at = 1'700'000'000;
  import_tree(temp.path() / "src", temp.path() / "one", one);
  import_tree(temp.path() / "src", temp.path() / "four", four);
  for (const char* file : {"index", "pixels-0"}) {
    CHECK(read_file(temp.path() / "one" / file) == read_file(temp.path() / "four" / file));
  }
}

TEST_CASE("a later import changes no split or label and reports known images as duplicates",
          "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src", class_tree(0, 40));
  import_tree(temp.path() / "src", temp.path() / "set");
  const Dataset before = Dataset::open(temp.path() / "set");
  write_tree(temp.path() / "src", class_tree(40, 60));
  write_tree(temp.path() / "src", {{"ant/1.bmp", bmp(1000), {}}, {"cat/copy.bmp", bmp(1), {}}});
  const ImportResult result = import_tree(temp.path() / "src", temp.path() / "set");
  CHECK(result.report.added == 61);
  CHECK(result.report.duplicates == 41);
  CHECK(result.reasons.at("cat/copy.bmp") == "the same as cat/1.bmp");
  const Dataset after = Dataset::open(temp.path() / "set");
  CHECK(after.classes() == std::vector<std::string>{"cat", "dog", "ant"});
  std::size_t found = 0;
  for (const ImageRecord& old : before.images()) {
    for (const ImageRecord& now : after.images()) {
      if (now.hash != old.hash) continue;
      ++found;
      CHECK(now.split == old.split);
      CHECK(now.label == old.label);
      CHECK(after.load(now) == before.load(old));
    }
  }
  CHECK(found == 40);
}

TEST_CASE("an import keeps the splits of the source and takes a missing val from train",
          "[engine][data]") {
  const TemporaryFolder temp;
  std::vector<ArchiveEntry> entries;
  for (int i = 0; i < 60; ++i) {
    entries.push_back({"pets/train/cat/" + std::to_string(i) + ".bmp", bmp(i), {}});
  }
  for (int i = 60; i < 70; ++i) {
    entries.push_back({"pets/test/cat/" + std::to_string(i) + ".bmp", bmp(i), {}});
  }
  write_archive(temp.path() / "a.zip", entries);
  ImportOptions options;
  options.val_fraction = 0.2;
  import_tree(temp.path() / "a.zip", temp.path() / "set", options);
  const Dataset dataset = Dataset::open(temp.path() / "set");
  CHECK(count_images(dataset, "cat", Split::train) == 48);
  CHECK(count_images(dataset, "cat", Split::val) == 12);
  CHECK(count_images(dataset, "cat", Split::test) == 10);
}

TEST_CASE("files that are not usable images are rejected with the reason and the others imported",
          "[engine][data]") {
  const TemporaryFolder temp;
  const fs::path src = temp.path() / "src";
  write_tree(src, class_tree(0, 4));
  std::vector<std::uint8_t> cut = bmp(9);
  cut.resize(70);
  write_tree(src, {{"cat/notes.txt", text_bytes("no image"), {}},
                   {"cat/cut.bmp", cut, {}},
                   {"cat/deep/down/x.bmp", bmp(20), {}},
                   {"top.bmp", bmp(21), {}},
                   {"a\nb/x.bmp", bmp(22), {}},
                   {".hidden/x.bmp", bmp(23), {}},
                   {"cat/Thumbs.db", text_bytes("x"), {}}});
  std::ofstream(src / "cat/huge.bmp") << "BM";
  fs::resize_file(src / "cat/huge.bmp", ImageSource::kMaxFileBytes + 1);
  write_tree(temp.path(), {{"outside.bmp", bmp(24), {}}});
  fs::create_symlink(temp.path() / "outside.bmp", src / "cat/out.bmp");
  fs::create_symlink("0.bmp", src / "dog/again.bmp");
  fs::create_symlink("missing", src / "dog/broken.bmp");
  fs::create_symlink("..", src / "dog/loop");
  ImportOptions options;
  options.partial = true;
  const ImportResult result = import_tree(src, temp.path() / "set", options);
  CHECK(result.report.added == 5);
  CHECK(result.report.duplicates == 1);
  CHECK(result.report.rejected == 8);
  const auto reason = [&](const char* file) { return result.reasons.at(file); };
  CHECK(reason("cat/notes.txt") == "this is text, not an image");
  CHECK_THAT(reason("cat/cut.bmp"), ContainsSubstring("70 of 102 bytes"));
  CHECK_THAT(reason("top.bmp"), ContainsSubstring("no class"));
  CHECK_THAT(reason("a\nb/x.bmp"), ContainsSubstring("cannot name a class"));
  CHECK_THAT(reason("cat/huge.bmp"), ContainsSubstring("the limit is 33554432"));
  CHECK_THAT(reason("cat/out.bmp"), ContainsSubstring("outside the folder"));
  CHECK_THAT(reason("dog/broken.bmp"), ContainsSubstring("cannot be opened"));
  CHECK_THAT(reason("dog/loop"), ContainsSubstring("not a regular file"));
  CHECK(reason("dog/again.bmp") == "the same as dog/0.bmp");
}

TEST_CASE("links and escaping paths and huge files in an archive are rejected individually",
          "[engine][data]") {
  const TemporaryFolder temp;
  auto entries = class_tree(0, 4);
  entries.push_back({"../../cat/x.bmp", bmp(10), {}});
  entries.push_back({"/cat/y.bmp", bmp(11), {}});
  entries.push_back({"cat/link.bmp", {}, "/etc/passwd"});
  entries.push_back({"cat/giant.bmp", bmp(12), {}, 40 << 20});
  entries.push_back({"cat/last.bmp", bmp(13), {}});
  for (const char* name : {"a.tar", "a.tar.gz", "a.zip"}) {
    write_archive(temp.path() / name, entries);
    const ImportResult result =
        import_tree(temp.path() / name, temp.path() / (std::string("set-") + name));
    CHECK(result.report.added == 5);
    CHECK(result.report.rejected == 4);
    CHECK_THAT(result.reasons.at("../../cat/x.bmp"), ContainsSubstring("outside the archive"));
    CHECK_THAT(result.reasons.at("/cat/y.bmp"), ContainsSubstring("outside the archive"));
    CHECK_THAT(result.reasons.at("cat/link.bmp"), ContainsSubstring("link"));
    CHECK(result.reasons.at("cat/giant.bmp") == "larger than 32 MiB");
  }
}

TEST_CASE("an archive that unpacks to too many bytes aborts the import", "[engine][data]") {
  const TemporaryFolder temp;
  write_archive(temp.path() / "bomb.tar.gz", {{"cat/zeros", {}, {}, 300 << 20}});
  REQUIRE(fs::file_size(temp.path() / "bomb.tar.gz") < (1 << 20));
  CHECK_THROWS_WITH(import_tree(temp.path() / "bomb.tar.gz", temp.path() / "set"),
                    ContainsSubstring("unpacks to more than 200 times its size"));
  CHECK_FALSE(fs::exists(temp.path() / "set"));
}

TEST_CASE("sparse files in an archive are rejected without expanding their holes",
          "[engine][data]") {
  const TemporaryFolder temp;
  auto entries = class_tree(0, 4);
  for (int i = 0; i < 50; ++i) {
    entries.push_back({"cat/s" + std::to_string(i) + ".bmp", bmp(20), {}, 30 << 20, true});
  }
  write_archive(temp.path() / "a.tar.gz", entries);
  REQUIRE(fs::file_size(temp.path() / "a.tar.gz") < 20'000);
  const ImportResult result = import_tree(temp.path() / "a.tar.gz", temp.path() / "set");
  CHECK(result.report.added == 4);
  CHECK(result.report.rejected == 50);
  CHECK_THAT(result.reasons.at("cat/s7.bmp"), ContainsSubstring("a sparse file"));
}

TEST_CASE("a truncated archive leaves the dataset unchanged", "[engine][data]") {
  const TemporaryFolder temp;
  write_archive(temp.path() / "a.tar.gz", class_tree(0, 20));
  import_tree(temp.path() / "a.tar.gz", temp.path() / "set");
  const std::vector<std::uint8_t> before = read_file(temp.path() / "set/index");
  write_archive(temp.path() / "b.tar.gz", class_tree(20, 400));
  fs::resize_file(temp.path() / "b.tar.gz", fs::file_size(temp.path() / "b.tar.gz") / 2);
  CHECK_THROWS_AS(import_tree(temp.path() / "b.tar.gz", temp.path() / "set"), FormatError);
  CHECK(read_file(temp.path() / "set/index") == before);
  CHECK_FALSE(fs::exists(temp.path() / "set/pixels-1"));
}

TEST_CASE("an aborted import leaves the dataset unchanged", "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "a", class_tree(0, 10));
  import_tree(temp.path() / "a", temp.path() / "set");
  const std::string before = Dataset::open(temp.path() / "set").revision();
  write_tree(temp.path() / "b", class_tree(10, 10));
  ImportEvents events;
  events.progress = [](std::int64_t, double) { throw IoError("stopped"); };
  CHECK_THROWS_WITH(import_dataset(temp.path() / "b", temp.path() / "set", {}, events), "stopped");
  CHECK(Dataset::open(temp.path() / "set").revision() == before);
}

TEST_CASE("a source without images is an error and leaves no empty dataset", "[engine][data]") {
  const TemporaryFolder temp;
  fs::create_directories(temp.path() / "empty");
  CHECK_THROWS_WITH(import_tree(temp.path() / "empty", temp.path() / "set"),
                    ContainsSubstring("no files"));
  write_tree(temp.path() / "texts", {{"cat/a.txt", text_bytes("a"), {}}});
  CHECK_THROWS_WITH(import_tree(temp.path() / "texts", temp.path() / "set"),
                    ContainsSubstring("none of the 1 files"));
  write_tree(temp.path(), {{"a.txt", text_bytes("neither folder nor archive"), {}}});
  CHECK_THROWS_AS(import_tree(temp.path() / "a.txt", temp.path() / "set"), FormatError);
  CHECK_THROWS_AS(import_tree(temp.path() / "nothing", temp.path() / "set"), IoError);
  CHECK_FALSE(fs::exists(temp.path() / "set"));
}

TEST_CASE("large images are scaled down to the maximum shorter side and small ones kept",
          "[engine][data]") {
  const TemporaryFolder temp;
  write_tree(temp.path() / "src", {{"cat/wide.bmp", bmp(1, 90, 30), {}},
                                   {"cat/tall.bmp", bmp(2, 50, 73), {}},
                                   {"cat/small.bmp", bmp(3, 20, 11), {}}});
  ImportOptions options;
  options.max_size = 20;
  import_tree(temp.path() / "src", temp.path() / "set", options);
  std::map<std::string, std::pair<int, int>> sizes;
  const Dataset dataset = Dataset::open(temp.path() / "set");
  for (const ImageRecord& image : dataset.images()) {
    sizes[image.name] = {image.width, image.height};
  }
  CHECK(sizes["cat/wide.bmp"] == std::pair(60, 20));
  CHECK(sizes["cat/tall.bmp"] == std::pair(20, 29));
  CHECK(sizes["cat/small.bmp"] == std::pair(20, 11));
}
