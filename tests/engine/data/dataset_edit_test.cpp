#include "engine/data/dataset_edit.h"

#include <fstream>
#include <map>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/data/dataset_change.h"
#include "engine/data/dataset_writer.h"
#include "engine/data/import.h"
#include "tests/support/bitmaps.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

namespace fs = std::filesystem;

ContentHash hash_of(int i) {
  ContentHash hash{};
  hash[0] = static_cast<std::uint8_t>(i * 37);
  hash[31] = static_cast<std::uint8_t>(i);
  return hash;
}

Image image_of(int i, int side = 4) {
  return {side, side, std::vector<std::uint8_t>(std::size_t(side) * side * 3, std::uint8_t(i))};
}

// Images first, first + 1, ...: even ones are cats, odd ones dogs.
void add_images(const fs::path& folder, int first, int count) {
  DatasetWriter writer(folder);
  DatasetIndex index = writer.index();
  find_or_add_class(index, "cat");
  find_or_add_class(index, "dog");
  for (int i = first; i < first + count; ++i) {
    writer.add(hash_of(i), "image " + std::to_string(i), image_of(i));
    writer.added().back().label = i % 2;
    writer.added().back().split = static_cast<Split>(i % 3);
    writer.added().back().added_at = 1000 + i;
    writer.added().back().origin = static_cast<Origin>(i % 3);
  }
  writer.commit(index.classes);
}

std::string label(const Dataset& dataset, int i) {
  return dataset.classes()[std::size_t(dataset.index().find(hash_of(i))->label)];
}

void check_pixels(const Dataset& dataset) {
  for (const ImageRecord& image : dataset.images()) {
    CHECK(dataset.load(image) == image_of(image.hash[31]));
  }
}

std::vector<std::string> pixel_files(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("pixels-", 0) == 0) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// A source with one random labelled image, like an upload.
class OneImage : public ImageSource {
 public:
  OneImage(int seed, std::string label) : seed_(seed), label_(std::move(label)) {}
  bool next(SourceFile& file) override {
    if (done_) return false;
    done_ = true;
    file = {"upload.bmp", bmp(seed_), {}, label_};
    return true;
  }
  double fraction() const override { return 0; }

 private:
  int seed_;
  std::string label_;
  bool done_ = false;
};

ImportReport upload(const fs::path& folder, int seed, const std::string& label,
                    Origin origin = Origin::upload) {
  ImportOptions options;
  options.origin = origin;
  options.relabel_duplicates = origin == Origin::correction;
  OneImage source(seed, label);
  return import_source(source, folder, options);
}

}  // namespace

TEST_CASE("small additions share a pixel file and keep all fields of a record", "[engine][data]") {
  const TemporaryFolder folder;
  for (int i = 0; i < 9; ++i) add_images(folder.path(), i, 1);
  CHECK(pixel_files(folder.path()) == std::vector<std::string>{"pixels-0"});
  const Dataset dataset = Dataset::open(folder.path());
  REQUIRE(dataset.images().size() == 9);
  check_pixels(dataset);
  for (const ImageRecord& image : dataset.images()) {
    CHECK(image.added_at == 1000 + image.hash[31]);
    CHECK(image.origin == static_cast<Origin>(image.hash[31] % 3));
  }
}

TEST_CASE("the next writer removes bytes that a crash left behind the stored pixels",
          "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 3);
  begin_change(folder.path(), read_stored_index(folder.path()).digest, {});
  std::ofstream(segment_path(folder.path(), 0), std::ios::app) << "half an image";
  std::ofstream(segment_path(folder.path(), 7)) << "a file of a writer that died";
  check_pixels(Dataset::open(folder.path()));
  add_images(folder.path(), 3, 2);
  CHECK(pixel_files(folder.path()) == std::vector<std::string>{"pixels-0"});
  CHECK(fs::file_size(segment_path(folder.path(), 0)) == 5 * 48);
  check_pixels(Dataset::open(folder.path()));
}

TEST_CASE("an addition without commit leaves the shared pixel file unchanged", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 3);
  {
    DatasetWriter writer(folder.path());
    writer.add(hash_of(50), "new", image_of(50));
  }
  CHECK(fs::file_size(segment_path(folder.path(), 0)) == 3 * 48);
}

TEST_CASE("relabelling changes only the label and not an open dataset", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 6);
  const Dataset before = Dataset::open(folder.path());
  const std::vector<ContentHash> hashes{hash_of(0), hash_of(3), hash_of(99)};
  const EditReport report = relabel_images(folder.path(), hashes, "zebra");
  CHECK(report.changed == 2);
  CHECK(report.missing == std::vector{hash_of(99)});
  const Dataset after = Dataset::open(folder.path());
  CHECK(label(after, 0) == "zebra");
  CHECK(label(after, 3) == "zebra");
  CHECK(label(after, 2) == "cat");
  CHECK(label(before, 0) == "cat");
  for (const ImageRecord& image : after.images()) {
    CHECK(image.split == before.index().find(image.hash)->split);
  }
  CHECK_THROWS_AS(relabel_images(folder.path(), hashes, "a\nb"), FormatError);
  CHECK(relabel_images(folder.path(), hashes, "zebra").changed == 0);
}

TEST_CASE("a class without images is removed", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 4);
  relabel_images(folder.path(), std::vector{hash_of(0), hash_of(2)}, "dog");
  const Dataset dataset = Dataset::open(folder.path());
  CHECK(dataset.classes() == std::vector<std::string>{"dog"});
  for (int i = 0; i < 4; ++i) CHECK(label(dataset, i) == "dog");
}

TEST_CASE("renaming a class to an existing one merges them", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 4);
  CHECK(rename_class(folder.path(), "cat", "kitten").changed == 2);
  CHECK(Dataset::open(folder.path()).classes() == std::vector<std::string>{"kitten", "dog"});
  CHECK(rename_class(folder.path(), "unknown", "kitten").changed == 0);
  CHECK(rename_class(folder.path(), "dog", "kitten").changed == 2);
  CHECK(Dataset::open(folder.path()).classes() == std::vector<std::string>{"kitten"});
}

TEST_CASE("pixels of removed images are deleted when more than half are unreferenced",
          "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 8);
  const Dataset before = Dataset::open(folder.path());
  CHECK(remove_images(folder.path(), std::vector{hash_of(1), hash_of(1)}).changed == 1);
  CHECK(fs::file_size(segment_path(folder.path(), 0)) == 8 * 48);
  std::vector<ContentHash> more;
  for (const int i : {2, 3, 4, 6}) more.push_back(hash_of(i));
  CHECK(remove_images(folder.path(), more).changed == 4);
  CHECK(pixel_files(folder.path()) == std::vector<std::string>{"pixels-1"});
  CHECK(fs::file_size(segment_path(folder.path(), 1)) == 3 * 48);
  const Dataset after = Dataset::open(folder.path());
  CHECK(after.images().size() == 3);
  check_pixels(after);
  CHECK(before.images().size() == 8);
  check_pixels(before);  // its deleted files are still open
  add_images(folder.path(), 20, 4);
  check_pixels(Dataset::open(folder.path()));
}

TEST_CASE("a dataset can be emptied and used again", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 2);
  remove_images(folder.path(), std::vector{hash_of(0), hash_of(1)});
  const Dataset empty = Dataset::open(folder.path());
  CHECK(empty.classes().empty());
  CHECK(pixel_files(folder.path()).empty());
  add_images(folder.path(), 2, 2);
  CHECK(pixel_files(folder.path()) == std::vector<std::string>{"pixels-1"});
  check_pixels(Dataset::open(folder.path()));
}

TEST_CASE("a removed image that is added again returns to its split", "[engine][data]") {
  const TemporaryFolder folder;
  std::map<ContentHash, Split> splits;
  for (int i = 0; i < 60; ++i) upload(folder.path(), i, "cat");
  std::vector<ContentHash> all;
  const Dataset before = Dataset::open(folder.path());
  for (const ImageRecord& image : before.images()) {
    splits[image.hash] = image.split;
    all.push_back(image.hash);
  }
  remove_images(folder.path(), all);
  // In reverse order: by rank the first one would be in train, as the only image of its class.
  for (int i = 59; i >= 0; --i) upload(folder.path(), i, "dog");
  const Dataset dataset = Dataset::open(folder.path());
  REQUIRE(dataset.images().size() == 60);
  CHECK(dataset.index().removed.empty());
  for (const ImageRecord& image : dataset.images()) CHECK(image.split == splits[image.hash]);
}

TEST_CASE("a class that grows one image at a time gets all splits and no image moves",
          "[engine][data]") {
  const TemporaryFolder folder;
  std::map<ContentHash, Split> seen;
  for (int i = 0; i < 120; ++i) {
    CHECK(upload(folder.path(), i, "cat").added == 1);
    const Dataset dataset = Dataset::open(folder.path());
    for (const ImageRecord& image : dataset.images()) {
      CHECK(seen.try_emplace(image.hash, image.split).first->second == image.split);
    }
  }
  std::array<int, 3> counts{};
  for (const auto& [hash, split] : seen) ++counts[std::size_t(split)];
  CHECK(counts[0] > 80);
  CHECK(counts[1] > 3);
  CHECK(counts[2] > 3);
}

TEST_CASE("a correction relabels a stored image and an upload does not", "[engine][data]") {
  const TemporaryFolder folder;
  upload(folder.path(), 1, "cat");
  upload(folder.path(), 2, "cat");
  CHECK(upload(folder.path(), 1, "dog").duplicates == 1);
  CHECK(Dataset::open(folder.path()).classes() == std::vector<std::string>{"cat"});
  CHECK(upload(folder.path(), 1, "dog", Origin::correction).relabelled == 1);
  const Dataset dataset = Dataset::open(folder.path());
  CHECK(dataset.classes() == std::vector<std::string>{"cat", "dog"});
  CHECK(dataset.images().size() == 2);
}

TEST_CASE("an index of another version is rejected naming the version", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 1);
  auto bytes = read_file(index_path(folder.path()));
  bytes[8] = 1;
  CHECK_THROWS_WITH(read_index(bytes),
                    ContainsSubstring("version 1; this program reads version 2"));
}
