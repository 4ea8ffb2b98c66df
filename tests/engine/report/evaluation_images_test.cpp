#include "engine/report/evaluation_images.h"

#include <nlohmann/json.hpp>

#include "engine/core/base64.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/import.h"
#include "engine/image/bitmap.h"
#include "engine/image/decode.h"
#include "engine/model/feature_statistics.h"
#include "engine/report/evaluation_json.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {
namespace {

std::string base64_of(const std::string& text) {
  return encode_base64(std::vector<std::uint8_t>(text.begin(), text.end()));
}

TEST_CASE("base64 matches the examples of RFC 4648", "[engine][report]") {
  const std::vector<std::pair<std::string, std::string>> examples{{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, base64] : examples) {
    CHECK(base64_of(text) == base64);
    const auto bytes = decode_base64(base64);
    REQUIRE(bytes);
    CHECK(std::string(bytes->begin(), bytes->end()) == text);
  }
  CHECK_FALSE(decode_base64("Zm9v!"));
  CHECK_FALSE(decode_base64("Zm\n9v"));
}

TEST_CASE("the images of an evaluation survive writing and reading", "[engine][report]") {
  const TemporaryFolder folder;
  Image small{32, 20, std::vector<std::uint8_t>(32 * 20 * 3, 77)};
  Image large{300, 150, std::vector<std::uint8_t>(300 * 150 * 3, 200)};
  std::filesystem::create_directories(folder.path() / "source/cat");
  write_file_atomically(folder.path() / "source/cat/small.bmp", encode_bitmap(small));
  write_file_atomically(folder.path() / "source/cat/large.bmp", encode_bitmap(large));
  import_dataset(folder.path() / "source", folder.path() / "dataset", {}, {});
  const Dataset dataset = Dataset::open(folder.path() / "dataset");
  REQUIRE(dataset.images().size() == 2);
  EvaluationReport report;
  for (const ImageRecord& record : dataset.images()) {
    report.mistakes.push_back({to_hex(record.hash), 0, 0, 0.5});
  }
  report.mistakes.push_back({std::string(64, 'a'), 0, 0, 0.5});  // not in the dataset

  const EvaluationImages images = collect_images(report, dataset);
  CHECK(images.size() == 2);
  const nlohmann::ordered_json document{{"images", images_json(images)}};
  CHECK(read_evaluation_images(document) == images);
  std::vector<int> widths;
  for (const auto& [sha256, file] : images) widths.push_back(decode_image(file).width);
  std::sort(widths.begin(), widths.end());
  CHECK(widths == std::vector<int>{32, 96});
}

TEST_CASE("malformed images of an evaluation are rejected", "[engine][report]") {
  const std::string sha256(64, 'b');
  const auto check_rejected = [](const nlohmann::ordered_json& images, const std::string& part) {
    try {
      read_evaluation_images({{"images", images}});
      FAIL("accepted");
    } catch (const FormatError& error) {
      CHECK_THAT(error.what(), ContainsSubstring(part));
    }
  };
  CHECK(read_evaluation_images(nlohmann::ordered_json::object()).empty());
  check_rejected(3, "is not an object");
  check_rejected({{"../x", "Zm9v"}}, "is not a SHA-256: ../x");
  check_rejected({{sha256, 1}}, "is not text");
  check_rejected({{sha256, "?"}}, "is not base64");
  check_rejected({{sha256, std::string(1'400'000, 'A')}}, "more than 1 MiB");
}

TEST_CASE("the bundled model has its sample images and worst mistakes", "[engine][report]") {
  const auto statistics = read_feature_statistics(
      read_file(std::string(FOVEA_SOURCE_DIR) + "/models/cifar10-small.features.safetensors"));
  const auto document = parse_evaluation(statistics.evaluation);
  const EvaluationReport report = read_evaluation(document).report;
  const EvaluationImages images = read_evaluation_images(document);
  for (const ImageMistake& mistake : report.mistakes) CHECK(images.contains(mistake.image));
  REQUIRE(report.statistics);
  for (const ClassStatistics& each : report.statistics->classes) {
    for (const std::string& sample : each.samples) {
      REQUIRE(images.contains(sample));
      CHECK(decode_image(images.at(sample)).width == 32);
    }
  }
}

}  // namespace
}  // namespace fovea::tests
