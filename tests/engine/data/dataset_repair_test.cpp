#include "engine/data/dataset_repair.h"

#include <fstream>

#include "engine/core/file.h"
#include "engine/data/dataset.h"
#include "engine/data/dataset_change.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/dataset_writer.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

namespace fs = std::filesystem;

ContentHash numbered_hash(int i) {
  ContentHash hash{};
  hash[0] = static_cast<std::uint8_t>(i);
  return hash;
}

Image grey(int i) {
  return {2, 2, std::vector<std::uint8_t>(12, static_cast<std::uint8_t>(i))};
}

void add_grey(const fs::path& folder, int first, int count, const ChangeNote& note = {}) {
  DatasetWriter writer(folder, {}, note);
  for (int i = first; i < first + count; ++i) {
    writer.add(numbered_hash(i), "image " + std::to_string(i), grey(i));
  }
  writer.commit({"cat"});
}

std::string text_of(const fs::path& file) {
  const auto bytes = read_file(file);
  return {bytes.begin(), bytes.end()};
}

// All files below the folder and their contents, except the lock.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "lock")
      files[entry.path().string()] = text_of(entry.path());
  }
  return files;
}

RepairReport repair(const fs::path& folder) {
  return repair_dataset(folder, std::chrono::seconds(0));
}

}  // namespace

TEST_CASE("a lost index is damage and no change removes the pixels", "[engine][data]") {
  const TemporaryFolder folder;
  add_grey(folder.path(), 0, 3);
  const std::string older = text_of(index_path(folder.path()));
  add_grey(folder.path(), 3, 4);
  SECTION("missing") {
    fs::remove(index_path(folder.path()));
    CHECK_THROWS_WITH(Dataset::open(folder.path()), ContainsSubstring("its index is missing") &&
                                                        ContainsSubstring("fovea data repair"));
  }
  SECTION("empty") {
    fs::resize_file(index_path(folder.path()), 0);
    CHECK_THROWS_WITH(Dataset::open(folder.path()), ContainsSubstring("cannot be read"));
  }
  SECTION("older") {
    write_file_atomically(index_path(folder.path()), older);
    CHECK_THROWS_WITH(check_dataset(folder.path()), ContainsSubstring("an older one"));
  }
  const auto before = contents(folder.path());
  CHECK_THROWS_AS(add_grey(folder.path(), 10, 1), DatasetDamaged);
  const ContentHash hash = numbered_hash(1);
  CHECK_THROWS_AS(remove_images(folder.path(), {&hash, 1}), DatasetDamaged);
  CHECK(contents(folder.path()) == before);

  const RepairReport report = repair(folder.path());
  CHECK(report.damaged);
  CHECK(report.source == "index.copy");
  CHECK(report.images == 7);
  CHECK(report.lost.empty());
  const Dataset dataset = Dataset::open(folder.path());
  REQUIRE(dataset.images().size() == 7);
  for (const ImageRecord& image : dataset.images()) {
    CHECK(dataset.load(image) == grey(image.hash[0]));
  }
  CHECK_FALSE(repair(folder.path()).damaged);
  add_grey(folder.path(), 20, 1);
  CHECK(Dataset::open(folder.path()).images().size() == 8);
}

TEST_CASE("without any index a repair sets the pixels aside and deletes nothing",
          "[engine][data]") {
  const TemporaryFolder folder;
  add_grey(folder.path(), 0, 3);
  const std::string pixels = text_of(segment_path(folder.path(), 0));
  fs::remove(index_path(folder.path()));
  fs::resize_file(index_copy_path(folder.path()), 5);
  const RepairReport report = repair(folder.path());
  CHECK(report.source.empty());
  CHECK(report.images == 0);
  CHECK(report.set_aside_bytes == 36);
  CHECK(text_of(report.set_aside / "pixels-0") == pixels);
  add_grey(folder.path(), 5, 2);
  CHECK(Dataset::open(folder.path()).images().size() == 2);
  CHECK(text_of(report.set_aside / "pixels-0") == pixels);
}

TEST_CASE("an older index without a copy keeps its images and sets the newer pixels aside",
          "[engine][data]") {
  const TemporaryFolder folder;
  add_grey(folder.path(), 0, 3);
  const std::string older = text_of(index_path(folder.path()));
  add_grey(folder.path(), 3, 4);
  write_file_atomically(index_path(folder.path()), older);
  fs::remove(index_copy_path(folder.path()));
  const RepairReport report = repair(folder.path());
  CHECK(report.source == "index");
  CHECK(report.images == 3);
  CHECK(report.set_aside_bytes == 48);
  CHECK(Dataset::open(folder.path()).images().size() == 3);
}

TEST_CASE("a repair names the images whose pixels are lost and keeps the others",
          "[engine][data]") {
  const TemporaryFolder folder;
  add_grey(folder.path(), 0, 3);
  fs::resize_file(segment_path(folder.path(), 0), 24);
  CHECK_THROWS_AS(add_grey(folder.path(), 3, 1), DatasetDamaged);
  const RepairReport report = repair(folder.path());
  CHECK(report.images == 2);
  CHECK(report.lost == std::vector<std::string>{"image 2"});
  const Dataset dataset = Dataset::open(folder.path());
  for (const ImageRecord& image : dataset.images()) {
    CHECK(dataset.load(image) == grey(image.hash[0]));
  }
}

TEST_CASE("a repair does not touch an index of another version", "[engine][data]") {
  const TemporaryFolder folder;
  add_grey(folder.path(), 0, 3);
  std::string index = text_of(index_path(folder.path()));
  index[8] = 3;
  write_file_atomically(index_path(folder.path()), index);
  CHECK_THROWS_AS(repair(folder.path()), UnknownIndexVersion);
  CHECK(text_of(index_path(folder.path())) == index);
}

TEST_CASE("the note of a change outlives a crash after its commit and not one before it",
          "[engine][data]") {
  const TemporaryFolder folder;
  add_grey(folder.path(), 0, 1);
  CHECK(finished_changes(folder.path()).empty());
  SECTION("no crash") {
    add_grey(folder.path(), 1, 1, {"a1", "first"});
  }
  SECTION("after the commit") {
    begin_change(folder.path(), read_stored_index(folder.path()).digest, {"a1", "first"});
    const auto mark = text_of(folder.path() / "change");
    add_grey(folder.path(), 1, 1);
    write_file_atomically(folder.path() / "change", mark);  // as if it had stopped before its end
    CHECK(finished_changes(folder.path()).empty());
    const DatasetWriter settles(folder.path());
  }
  const auto notes = finished_changes(folder.path());
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].id == "a1");
  CHECK(notes[0].text == "first");
  forget_change(folder.path(), "a1");
  CHECK(finished_changes(folder.path()).empty());
  begin_change(folder.path(), read_stored_index(folder.path()).digest, {"b2", "second"});
  const DatasetWriter settles(folder.path());
  CHECK(finished_changes(folder.path()).empty());
}
