// The archives in tests/data/layouts, each of which an earlier version read wrongly.
#include <fstream>
#include <map>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/import.h"
#include "tests/support/archives.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

namespace fs = std::filesystem;

fs::path layout_case(const std::string& name) {
  return fs::path(FOVEA_SOURCE_DIR) / "tests/data/layouts" / name;
}

struct CaseResult {
  ImportReport report;
  std::map<std::string, std::string> reasons;  // of rejected and duplicate files
  std::map<std::string, int> classes;          // name -> images
};

CaseResult import_case(const fs::path& source, const std::string& charset = {}) {
  const TemporaryFolder temp;
  CaseResult result;
  ImportEvents events;
  events.file = [&](const FileResult& file) {
    if (file.kind != FileResult::Kind::added) result.reasons[file.file] = file.reason;
  };
  ImportOptions options;
  options.names_charset = charset;
  result.report = import_dataset(source, temp.path() / "set", options, events);
  const Dataset dataset = Dataset::open(temp.path() / "set");
  for (const ImageRecord& image : dataset.images()) {
    ++result.classes[dataset.classes()[std::size_t(image.label)]];
  }
  return result;
}

using Classes = std::map<std::string, int>;

}  // namespace

TEST_CASE("an image beside the class folders is rejected by name", "[engine][data]") {
  const CaseResult result = import_case(layout_case("stray-image.zip"));
  CHECK(result.classes == Classes{{"down", 1}, {"up", 1}});
  CHECK_THAT(result.reasons.at("signs/cover.png"), ContainsSubstring("no class"));
  CHECK(result.report.rejected == 1);
}

TEST_CASE("test images without a class folder are rejected", "[engine][data]") {
  const CaseResult result = import_case(layout_case("unlabelled-test.zip"));
  CHECK(result.classes == Classes{{"cat", 1}, {"dog", 1}});
  CHECK_THAT(result.reasons.at("test/1.png"), ContainsSubstring("no class"));
  CHECK_THAT(result.reasons.at("test/2.png"), ContainsSubstring("no class"));
  CHECK_FALSE(result.report.refused);
}

TEST_CASE("images in folders below a class folder are imported", "[engine][data]") {
  CHECK(import_case(layout_case("folders-below-class.zip")).classes ==
        Classes{{"cat", 2}, {"dog", 1}});
}

TEST_CASE("dated folders below the only class are not classes", "[engine][data]") {
  CHECK(import_case(layout_case("one-class-dated-folders.zip")).classes == Classes{{"cat", 2}});
}

TEST_CASE("a file in two classes is reported with both names and classes", "[engine][data]") {
  const CaseResult result = import_case(layout_case("same-file-two-classes.zip"));
  CHECK(result.classes == Classes{{"cat", 1}, {"dog", 1}});
  CHECK(result.reasons.at("dog/copy.png") ==
        "the same as cat/1.png in class cat, but here in class dog");
  CHECK(result.report.conflicts == 1);
}

TEST_CASE("class folders that differ only in their Unicode form are one class", "[engine][data]") {
  const TemporaryFolder temp;
  const std::vector<ArchiveEntry> entries = {
      {"caf\xC3\xA9/0.png", read_file(layout_case("a.png")), {}},
      {"cafe\xCC\x81/1.png", read_file(layout_case("b.png")), {}}};
  for (const ArchiveEntry& entry : entries) {
    const fs::path path = temp.path() / "folder" / entry.path;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(entry.bytes.data()),
               std::streamsize(entry.bytes.size()));
  }
  write_archive(temp.path() / "a.tar", entries);
  write_archive(temp.path() / "a.zip", entries);
  for (const char* source : {"folder", "a.tar", "a.zip"}) {
    CHECK(import_case(temp.path() / source).classes == Classes{{"caf\xC3\xA9", 2}});
  }
}

TEST_CASE("names in an unknown charset are refused with the remedy", "[engine][data]") {
  const fs::path archive = layout_case("cp437-names.zip");
  CHECK_THROWS_WITH(import_case(archive), ContainsSubstring("are not UTF-8") &&
                                              ContainsSubstring("\\x8Epfel/1.png") &&
                                              ContainsSubstring("--names-charset cp437"));
  CHECK(import_case(archive, "cp437").classes == Classes{{"Birnen", 1}, {"\xC3\x84pfel", 1}});
  CHECK_THROWS_AS(import_case(archive, "no-such-charset"), ConfigError);
}
