#include "server/dataset/training_data.h"

#include <atomic>
#include <fstream>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/data/data_dir.h"
#include "tests/support/archives.h"
#include "tests/support/bitmaps.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

struct Fixture {
  TemporaryFolder folder;
  Files originals{folder.path() / "files"};
  TrainingData data{folder.path(), "images", originals, 2};

  AddReport upload(int first, int count, const std::string& label) {
    std::vector<Bytes> files;
    for (int i = first; i < first + count; ++i) files.push_back(bmp(i));
    std::vector<NewImage> images;
    for (std::size_t i = 0; i < files.size(); ++i) {
      images.push_back({std::to_string(first + int(i)) + ".bmp", files[i], label});
    }
    return data.add(images, Origin::upload);
  }
};

ContentHash hash_of(const Bytes& bytes) {
  return *parse_hash(sha256_hex(bytes));
}

std::size_t files_below(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(folder, none)) {
    count += entry.is_regular_file();
  }
  return count;
}

}  // namespace

TEST_CASE("uploads get one verdict per file and originals are stored", "[server][dataset]") {
  Fixture f;
  const Bytes a = bmp(1), b = bmp(2), garbage{'n', 'o'};
  const AddReport report = f.data.add({{"a.bmp", a, "cat"},
                                       {"garbage", garbage, "cat"},
                                       {"again.bmp", a, "cat"},
                                       {"b.bmp", b, " dog "},
                                       {"c.bmp", b, "a/b"}},
                                      Origin::upload);
  REQUIRE(report.verdicts.size() == 5);
  CHECK(report.verdicts[0].kind == FileResult::Kind::added);
  CHECK(report.verdicts[0].label == "cat");
  CHECK(report.verdicts[1].kind == FileResult::Kind::rejected);
  CHECK(report.verdicts[2].kind == FileResult::Kind::duplicate);
  CHECK(report.verdicts[2].reason == "the same as a.bmp");
  CHECK(report.verdicts[3].label == "dog");
  CHECK_THAT(report.verdicts[4].reason, ContainsSubstring("contains a slash"));
  CHECK(report.counts.added == 2);
  const auto snapshot = f.data.snapshot();
  REQUIRE(snapshot->dataset.images().size() == 2);
  CHECK(snapshot->classes[0].name == "cat");
  CHECK(snapshot->classes[0].total() == 1);
  CHECK(f.data.original(hash_of(a)) == a);
  CHECK(f.data.original(hash_of(b)) == b);
  CHECK(files_below(f.folder.path() / "files") == 2);
}

TEST_CASE("a tenth of the uploaded images goes to validation and to test each",
          "[server][dataset]") {
  Fixture f;
  f.upload(0, 40, "cat");
  const auto snapshot = f.data.snapshot();
  CHECK(snapshot->classes[0].splits == std::array<std::int64_t, 3>{32, 4, 4});
}

TEST_CASE("a snapshot does not change with the data", "[server][dataset]") {
  Fixture f;
  const auto empty = f.data.snapshot();
  CHECK(empty->dataset.images().empty());
  f.upload(0, 5, "cat");
  const auto before = f.data.snapshot();
  CHECK(before->revision != empty->revision);
  CHECK(f.data.snapshot() == before);  // cached
  std::vector<ContentHash> all;
  for (const ImageRecord& image : before->dataset.images()) all.push_back(image.hash);
  CHECK(f.data.remove(all).changed == 5);
  CHECK(f.data.snapshot()->dataset.images().empty());
  CHECK(before->dataset.images().size() == 5);
  for (const ImageRecord& image : before->dataset.images()) {
    CHECK(before->dataset.load(image).rgb.size() == 48);
  }
  CHECK_FALSE(f.data.has_original(all[0]));
}

TEST_CASE("imports of another process are visible", "[server][dataset]") {
  Fixture f;
  f.upload(0, 2, "cat");
  CHECK(f.data.snapshot()->dataset.images().size() == 2);
  write_archive(f.folder.path() / "a.zip", {{"dog/1.bmp", bmp(100), {}}});
  import_dataset(f.folder.path() / "a.zip", dataset_folder(f.folder.path(), "images"), {});
  CHECK(f.data.snapshot()->dataset.images().size() == 3);
  CHECK(f.data.snapshot()->dataset.index().find(hash_of(bmp(100)))->origin == Origin::import);
}

TEST_CASE("an archive is labelled by its folders or by one label", "[server][dataset]") {
  Fixture f;
  const fs::path path = f.folder.path() / "a.tar.gz";
  write_archive(path, {{"cat/1.bmp", bmp(1), {}},
                       {"dog/2.bmp", bmp(2), {}},
                       {"3.bmp", bmp(3), {}},
                       {"cat/4.txt", {'x'}, {}}});
  const AddReport report = f.data.add_archive(read_file(path), "a.tar.gz", {}, Origin::upload);
  CHECK(report.counts.added == 2);
  CHECK(report.counts.rejected == 2);
  CHECK(report.verdicts[2].file == "3.bmp");
  CHECK(report.verdicts[2].kind == FileResult::Kind::rejected);
  CHECK(files_below(f.folder.path() / "files") == 2);  // none of the image without a class
  CHECK(f.data.original(hash_of(bmp(2))) == bmp(2));
  const AddReport all = f.data.add_archive(read_file(path), "a.tar.gz", "bird", Origin::upload);
  CHECK(all.counts.added == 1);
  CHECK(all.counts.duplicates == 2);
  Bytes cut = read_file(path);
  cut.resize(cut.size() / 2);
  CHECK_THROWS_AS(f.data.add_archive(cut, "cut.tar.gz", {}, Origin::upload), FormatError);
  CHECK(files_below(f.folder.path() / "files") == 3);
}

TEST_CASE("concurrent uploads store every acknowledged image", "[server][dataset]") {
  Fixture f;
  std::atomic<std::int64_t> added{0};
  // On a busy machine an upload may not get its turn in time. It has stored nothing and is
  // repeated.
  const auto upload = [&](int first, const std::string& label) {
    while (true) {
      try {
        return f.upload(first, 3, label).counts.added;
      } catch (const DatasetBusy&) {
        std::this_thread::yield();
      }
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        added += upload(1000 * t + 10 * i, "class " + std::to_string(t));
        f.data.snapshot();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(added == 60);
  CHECK(f.data.snapshot()->dataset.images().size() == 60);
  CHECK(f.data.snapshot()->classes.size() == 4);
}

TEST_CASE("a change throws DatasetBusy while another process writes", "[server][dataset]") {
  Fixture f;
  f.upload(0, 1, "cat");
  const DatasetLock lock(dataset_folder(f.folder.path(), "images"));
  CHECK_THROWS_AS(f.upload(1, 1, "cat"), DatasetBusy);
  CHECK(files_below(f.folder.path() / "files") == 1);
}

TEST_CASE("an upload of mostly unusable files stores nothing unless it is partial",
          "[server][dataset]") {
  Fixture f;
  const Bytes a = bmp(1), garbage{'n', 'o'};
  const std::vector<NewImage> images = {
      {"a.bmp", a, "cat"}, {"x", garbage, "cat"}, {"y", garbage, "cat"}};
  const AddReport refused = f.data.add(images, Origin::upload);
  CHECK(refused.counts.refused);
  CHECK(refused.verdicts.at(0).kind == FileResult::Kind::usable);
  CHECK(f.data.snapshot()->dataset.images().empty());
  CHECK(files_below(f.folder.path() / "files") == 0);
  UploadOptions options;
  options.partial = true;
  CHECK(f.data.add(images, Origin::upload, options).counts.added == 1);
  CHECK(files_below(f.folder.path() / "files") == 1);
}

TEST_CASE("an upload may name the split of each image", "[server][dataset]") {
  Fixture f;
  const Bytes a = bmp(1), b = bmp(2), c = bmp(3);
  UploadOptions options;
  options.val_fraction = 0;
  f.data.add(
      {{"a", a, "cat", Split::test}, {"b", b, "cat", Split::train}, {"c", c, "cat", Split::val}},
      Origin::upload, options);
  const auto snapshot = f.data.snapshot();
  const DatasetIndex& index = snapshot->dataset.index();
  CHECK(index.find(hash_of(a))->split == Split::test);
  CHECK(index.find(hash_of(b))->split == Split::train);
  CHECK(index.find(hash_of(c))->split == Split::val);
}

TEST_CASE("invalid class names are rejected", "[server][dataset]") {
  CHECK(parse_class_name("  traffic light ") == "traffic light");
  CHECK(parse_class_name("\xC3\xA4pfel") == "\xC3\xA4pfel");
  CHECK(parse_class_name(std::string(64, 'a')).size() == 64);
  for (const std::string bad : {"", "  ", ".", "..", ".x", "a/b", "a\\b", "a\nb", "\xFF"}) {
    CHECK_THROWS_AS(parse_class_name(bad), FormatError);
  }
  CHECK_THROWS_WITH(parse_class_name(std::string(65, 'a')), ContainsSubstring("more than 64"));
}

TEST_CASE("files stored in a batch are complete and leave no temporary files",
          "[server][dataset]") {
  const TemporaryFolder folder;
  Files files(folder.path());
  std::vector<Bytes> bytes;
  for (int i = 0; i < 20; ++i) bytes.push_back(bmp(i % 15));
  files.store_all(std::vector<std::span<const std::uint8_t>>(bytes.begin(), bytes.end()));
  for (const Bytes& each : bytes) CHECK(files.read(sha256_hex(each)) == each);
  CHECK(files_below(folder.path()) == 15);
}

TEST_CASE("uploaded files that the dataset does not name are removed and others stay",
          "[server][dataset]") {
  Fixture f;
  f.upload(0, 3, "cat");
  const std::string unnamed = f.originals.store(bmp(77)), used = f.originals.store(bmp(78));
  const std::string other = f.originals.store(Bytes(100, 7));  // not an image: a model or the like
  CHECK(f.data.recover({used}) == 1);
  CHECK_FALSE(f.originals.exists(unnamed));
  CHECK(f.originals.exists(used));
  CHECK(f.originals.exists(other));
  for (int i = 0; i < 3; ++i) CHECK(f.data.has_original(hash_of(bmp(i))));
  CHECK(f.data.recover({used}) == 0);
}

TEST_CASE("a damaged dataset is not read as an empty one and its files stay", "[server][dataset]") {
  Fixture f;
  f.upload(0, 3, "cat");
  const std::string unnamed = f.originals.store(bmp(77));
  fs::remove(index_path(dataset_folder(f.folder.path(), "images")));
  CHECK_THROWS_AS(f.data.snapshot(), DatasetDamaged);
  CHECK_THROWS_AS(f.upload(5, 1, "cat"), DatasetDamaged);
  CHECK_THROWS_AS(f.data.recover({}), DatasetDamaged);
  CHECK(f.originals.exists(unnamed));
  for (int i = 0; i < 3; ++i) CHECK(f.data.has_original(hash_of(bmp(i))));
  CHECK_FALSE(f.data.has_original(hash_of(bmp(5))));
}

TEST_CASE("the note of a change of the training data is kept until it is forgotten",
          "[server][dataset]") {
  Fixture f;
  f.upload(0, 3, "cat");
  const ContentHash hash = hash_of(bmp(1));
  CHECK(f.data.remove({&hash, 1}, {"a1", "who"}).changed == 1);
  REQUIRE(f.data.finished_changes().size() == 1);
  CHECK(f.data.finished_changes()[0].text == "who");
  f.data.forget_change("a1");
  CHECK(f.data.finished_changes().empty());
  CHECK(f.data.relabel({&hash, 1}, "dog", {"b2", "who"}).changed == 0);  // nothing to note
  CHECK(f.data.finished_changes().empty());
}
