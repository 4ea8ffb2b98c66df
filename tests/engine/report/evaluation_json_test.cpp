#include "engine/report/evaluation_json.h"

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/model/feature_statistics.h"
#include "tests/support/catch.h"
#include "tests/support/evaluations.h"

namespace fovea::tests {
namespace {

using Json = nlohmann::ordered_json;

Json sample_document() {
  EvaluationReport report =
      Answers({"cat", "dog", "owl"}).add(0, 0, 7).add(0, 1, 2, 0.6f).add(1, 1, 5).report();
  report.statistics = data_statistics({class_statistics("cat", 5, 2, 9)});
  return evaluation_json(report, Json::parse(R"([{"epoch":1,"train_loss":2.5,"val_loss":null},
                                                 {"epoch":2,"val_accuracy":0.5,"lr":0.1}])"));
}

TEST_CASE("an evaluation survives writing and reading", "[engine][report]") {
  const Json document = sample_document();
  const StoredEvaluation read = read_evaluation(document);
  Json again = evaluation_json(read.report, document["training"]["epochs"]);
  CHECK(again == document);
  CHECK(std::isnan(read.report.metrics.per_class[2].roc_auc));  // owl has no images
}

TEST_CASE("the evaluation of the bundled model is readable", "[engine][report]") {
  const auto statistics = read_feature_statistics(
      read_file(std::string(FOVEA_SOURCE_DIR) + "/models/cifar10-small.features.safetensors"));
  const Json document = parse_evaluation(statistics.evaluation);
  const StoredEvaluation read = read_evaluation(document);
  CHECK(read.report.metrics.count == 10'000);
  const Json again = evaluation_json(read.report, document["training"]["epochs"]);
  CHECK(again.size() + 1 == document.size());  // "images"
  CHECK(evaluation_json(read.report)["roc"] == document["roc"]);
  CHECK(read.report.statistics->images == 60'000);
  CHECK(read.report.mistakes.size() == document["worst_mistakes"].size());
  // Only the position of "images" in the object differs.
  CHECK(nlohmann::json(evaluation_json(read.report)["statistics"]) ==
        nlohmann::json(document["statistics"]));
}

TEST_CASE("epochs without some of their numbers are readable", "[engine][report]") {
  const auto epochs = read_evaluation(sample_document()).training;
  REQUIRE(epochs.size() == 2);
  CHECK(epochs[0].train_loss == 2.5);
  CHECK(std::isnan(epochs[0].val_loss));
  CHECK(std::isnan(epochs[0].val_accuracy));
  CHECK(epochs[1].val_accuracy == 0.5);
  CHECK_THROWS_WITH(read_epochs(Json::parse(R"([{"epoch":"one"}])")),
                    ContainsSubstring("epochs[0].epoch is not a number"));
}

TEST_CASE("an invalid evaluation is rejected with the path of the value", "[engine][report]") {
  const auto [pointer, value, text] = GENERATE(table<const char*, const char*, const char*>(
      {{"/format", "2", "format is 2; allowed are 1 to 1"},
       {"/classes", "[]", "classes is empty"},
       {"/classes/1", "7", "classes[1] is not a string"},
       {"/data/count", "-1", "data.count is -1; allowed are 0"},
       {"/data/count", "1e300", "data.count is not a whole number"},
       {"/data/count", "18446744073709551615", "data.count is 18446744073709551615; allowed are 0"},
       {"/confusion/1", "[1,2]", "confusion[1] has 2 entries, not 3"},
       {"/confusion/1/2", "1.5", "confusion[1][2] is not a whole number"},
       {"/metrics/accuracy", "1.01", "metrics.accuracy is 1.01; allowed are 0.0 to 1.0"},
       {"/metrics/log_loss", "1e10", "metrics.log_loss is 10000000000.0; allowed are"},
       {"/per_class/0/recall", "null", "per_class[0].recall is not a number"},
       {"/roc/0/points", "[[0.5,0],[0.4,1]]", "roc[0].points[1] decreases"},
       {"/roc", "{}", "roc is not a list"},
       {"/pr/1/points/0", "[0]", "pr[1].points[0] has 1 entries, not 2"},
       {"/worst_mistakes/0/true", "\"fox\"", "worst_mistakes[0].true is not one of the classes"},
       {"/statistics/classes/0/intensity", "[1]", "intensity has 1 entries, not 32"},
       {"/statistics/classes/0/mean_rgb/0", "256", "mean_rgb[0] is 256; allowed are 0.0 to 255.0"},
       {"/statistics/sizes/0/width", "99999999",
        "sizes[0].width is 99999999; allowed are 0 to 1048576"},
       {"/training", "{}", "training.epochs is missing"}}));
  Json document = sample_document();
  document[Json::json_pointer(pointer)] = Json::parse(value);
  INFO(pointer << " = " << value);
  CHECK_THROWS_AS(read_evaluation(document), FormatError);
  CHECK_THROWS_WITH(read_evaluation(document), ContainsSubstring(text));
}

// Replaces every value of the document in turn by values of other types.
TEST_CASE("reading a damaged evaluation throws nothing but FormatError", "[engine][report]") {
  const Json document = sample_document();
  const Json flat = document.flatten();
  CHECK_THROWS_AS(read_evaluation(Json()), FormatError);
  CHECK_THROWS_AS(read_evaluation(Json::array()), FormatError);
  int refused = 0;
  for (const auto& [pointer, value] : flat.items()) {
    for (const char* other : {"null", "\"text\"", "-3", "[[]]", "{}"}) {
      Json damaged = document;
      damaged[Json::json_pointer(pointer)] = Json::parse(other);
      try {
        read_evaluation(damaged);
      } catch (const FormatError&) {
        ++refused;
      }
    }
  }
  CHECK(refused > int(flat.size()));
}

}  // namespace
}  // namespace fovea::tests
