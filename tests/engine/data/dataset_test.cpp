#include "engine/data/dataset.h"

#include <fstream>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset_writer.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

ContentHash hash_of(int i) {
  ContentHash hash{};
  hash[0] = static_cast<std::uint8_t>(i * 37);
  hash[31] = static_cast<std::uint8_t>(i);
  return hash;
}

Image image_of(int i) {
  const int width = 1 + i % 5, height = 1 + i % 3;
  return {width, height,
          std::vector<std::uint8_t>(std::size_t(width) * height * 3, std::uint8_t(i))};
}

void add_images(const std::filesystem::path& folder, int first, int count) {
  DatasetWriter writer(folder);
  for (int i = first; i < first + count; ++i) {
    writer.add(hash_of(i), "image " + std::to_string(i), image_of(i));
    writer.added().back().label = i % 2;
    writer.added().back().split = static_cast<Split>(i % 3);
  }
  writer.commit({"cat", "dog"});
}

// Makes the digest valid, as an attacker could.
void set_digest(std::vector<std::uint8_t>& bytes) {
  Sha256 sha;
  sha.update(std::span<const std::uint8_t>(bytes).first(bytes.size() - 32));
  const auto digest = sha.digest();
  std::copy(digest.begin(), digest.end(), bytes.end() - 32);
}

}  // namespace

TEST_CASE("the default dataset of earlier versions is renamed once", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(dataset_folder(folder.path(), "pictures"), 0, 3);
  rename_legacy_dataset(folder.path());
  CHECK(dataset_names(folder.path()) == std::vector<std::string>{"images"});
  CHECK(Dataset::open(dataset_folder(folder.path(), kDefaultDataset)).images().size() == 3);
  add_images(dataset_folder(folder.path(), "pictures"), 0, 1);
  rename_legacy_dataset(folder.path());  // keeps both when the new name exists
  CHECK(dataset_names(folder.path()) == std::vector<std::string>{"images", "pictures"});
}

TEST_CASE("a dataset returns all added images sorted by hash", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 6);
  const Dataset before = Dataset::open(folder.path());
  add_images(folder.path(), 6, 5);
  CHECK(before.images().size() == 6);
  const Dataset dataset = Dataset::open(folder.path());
  REQUIRE(dataset.images().size() == 11);
  CHECK(dataset.classes() == std::vector<std::string>{"cat", "dog"});
  for (std::size_t k = 0; k < 11; ++k) {
    const ImageRecord& image = dataset.images()[k];
    const int i = image.hash[31];
    if (k > 0) CHECK(dataset.images()[k - 1].hash < image.hash);
    CHECK(dataset.load(image) == image_of(i));
    CHECK(image.name == "image " + std::to_string(i));
    CHECK(image.label == i % 2);
    CHECK(image.split == static_cast<Split>(i % 3));
  }
  CHECK(before.load(before.images()[3]).rgb.size() > 0);
}

TEST_CASE("a revision names the images that were stored until some time", "[engine][data]") {
  DatasetIndex index;
  index.classes = {"cat", "dog"};
  std::vector<std::string> revisions;
  for (int i = 0; i < 40; ++i) {
    ImageRecord image;
    image.hash[0] = static_cast<std::uint8_t>(i);
    image.label = i % 2;
    image.added_at = 1000 + i;
    index.images.push_back(image);
    revisions.push_back(index.revision());
  }
  CHECK(index.time_of_revision(index.revision()) == 1039);
  CHECK(index.time_of_revision(revisions[30]) == 1030);
  CHECK(index.time_of_revision(revisions[8]) == 1008);
  CHECK_FALSE(index.time_of_revision(revisions[7]));  // more than 32 additions ago
  CHECK_FALSE(index.time_of_revision(""));
  index.images[3].label = 0;  // a change of a label is not an addition
  CHECK_FALSE(index.time_of_revision(revisions[30]));
}

TEST_CASE("the revision depends on hashes and classes and splits only", "[engine][data]") {
  const TemporaryFolder a, b;
  add_images(a.path(), 0, 6);
  add_images(b.path(), 0, 2);
  add_images(b.path(), 2, 4);
  CHECK(Dataset::open(a.path()).revision() == Dataset::open(b.path()).revision());
  DatasetIndex index = Dataset::open(a.path()).index();
  std::string lines;
  for (const ImageRecord& image : index.images) {
    lines += to_hex(image.hash) + (image.label ? " dog " : " cat ") + to_string(image.split) + "\n";
  }
  CHECK(index.revision() ==
        sha256_hex({reinterpret_cast<const std::uint8_t*>(lines.data()), lines.size()}));
  const std::string before = index.revision();
  index.images[0].split = static_cast<Split>((int(index.images[0].split) + 1) % 3);
  CHECK(index.revision() != before);
}

TEST_CASE("every truncation and every flipped byte of an index is rejected", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 3);
  const std::vector<std::uint8_t> whole = read_file(index_path(folder.path()));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_THROWS_AS(read_index({whole.begin(), whole.begin() + std::ptrdiff_t(length)}),
                    FormatError);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] ^= 0x55;
    CHECK_THROWS_AS(read_index(damaged), FormatError);
  }
}

TEST_CASE("no length or number in a forged index is trusted", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 3);
  const std::vector<std::uint8_t> whole = read_file(index_path(folder.path()));
  int accepted = 0;
  for (std::size_t at = 8; at + 32 < whole.size(); ++at) {
    for (const int value : {0, 1, 2, 3, 127, 128, 254, 255}) {
      auto forged = whole;
      forged[at] = static_cast<std::uint8_t>(value);
      set_digest(forged);
      try {
        const DatasetIndex index = read_index(forged);
        ++accepted;
        for (const ImageRecord& image : index.images) {
          REQUIRE(std::size_t(image.label) < index.classes.size());
          REQUIRE(image.offset + std::uint64_t(image.width) * image.height * 3 <=
                  index.segments.at(image.segment).bytes);
        }
      } catch (const FormatError&) {
      }
    }
  }
  CHECK(accepted > 0);  // a letter of a name may change
}

TEST_CASE("a truncated pixel file is detected when the dataset is opened", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 3);
  std::filesystem::resize_file(segment_path(folder.path(), 0), 10);
  CHECK_THROWS_WITH(Dataset::open(folder.path()), ContainsSubstring("has 10 bytes"));
  std::filesystem::remove(segment_path(folder.path(), 0));
  CHECK_THROWS_WITH(Dataset::open(folder.path()), ContainsSubstring("pixels-0 does not exist"));
  CHECK_THROWS_AS(DatasetWriter(folder.path()), DatasetDamaged);
}

TEST_CASE("an uncommitted addition leaves the dataset unchanged and no files behind",
          "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 3);
  const auto before = read_file(index_path(folder.path()));
  {
    DatasetWriter writer(folder.path());
    writer.add(hash_of(50), "new", image_of(50));
    CHECK(writer.find(hash_of(50)) != nullptr);
    CHECK(writer.find(hash_of(1))->name == "image 1");
    CHECK(writer.find(hash_of(51)) == nullptr);
  }
  CHECK(read_file(index_path(folder.path())) == before);
  CHECK_FALSE(std::filesystem::exists(segment_path(folder.path(), 1)));
}

TEST_CASE("files that a crash left behind do not affect the next addition", "[engine][data]") {
  const TemporaryFolder folder;
  add_images(folder.path(), 0, 3);
  begin_change(folder.path(), read_stored_index(folder.path()).digest, {});
  std::ofstream(segment_path(folder.path(), 1)) << "half an image and then the power went";
  std::ofstream(segment_path(folder.path(), 0), std::ios::app) << "another half";
  std::ofstream(folder.path() / ".index.a1b2c3") << "a third";
  CHECK(Dataset::open(folder.path()).images().size() == 3);
  add_images(folder.path(), 3, 2);
  CHECK_FALSE(std::filesystem::exists(folder.path() / ".index.a1b2c3"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "change"));
  const Dataset dataset = Dataset::open(folder.path());
  for (const ImageRecord& image : dataset.images()) {
    CHECK(dataset.load(image) == image_of(image.hash[31]));
  }
}

TEST_CASE("a second concurrent writer is rejected", "[engine][data]") {
  const TemporaryFolder folder;
  DatasetWriter writer(folder.path());
  CHECK_THROWS_WITH(DatasetWriter(folder.path()), ContainsSubstring("another import"));
}

TEST_CASE("dataset names must be plain folder names", "[engine][data]") {
  CHECK(dataset_folder("/data", "cifar10") == "/data/datasets/cifar10");
  for (const char* bad : {"", ".", "..", "a/b", "../x", ".hidden", "a b", "-x", "a\n"}) {
    CHECK_THROWS_AS(dataset_folder("/data", bad), FormatError);
  }
  CHECK_THROWS_AS(dataset_folder("/data", std::string(65, 'a')), FormatError);
}

TEST_CASE("the list of datasets contains those with an index", "[engine][data]") {
  const TemporaryFolder data;
  CHECK(dataset_names(data.path()).empty());
  add_images(dataset_folder(data.path(), "b"), 0, 1);
  add_images(dataset_folder(data.path(), "a"), 0, 1);
  std::filesystem::create_directories(data.path() / "datasets/empty");
  CHECK(dataset_names(data.path()) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("the data folder is taken from the environment", "[engine][data]") {
  const auto with = [](const char* own, const char* xdg, const char* home) {
    const auto set = [](const char* name, const char* value) {
      value ? ::setenv(name, value, 1) : ::unsetenv(name);
    };
    const char* old_home = std::getenv("HOME");
    const std::string kept = old_home ? old_home : "";
    set("FOVEA_DATA_DIR", own), set("XDG_DATA_HOME", xdg), set("HOME", home);
    const std::string folder = default_data_dir().string();
    set("FOVEA_DATA_DIR", nullptr), set("XDG_DATA_HOME", nullptr), set("HOME", kept.c_str());
    return folder;
  };
  CHECK(with("/own", "/xdg", "/home/me") == "/own");
  CHECK(with(nullptr, "/xdg", "/home/me") == "/xdg/fovea");
  CHECK(with("", "", "/home/me") == "/home/me/.local/share/fovea");
}
