#include <nlohmann/json.hpp>

#include "server/charts/insight_builder.h"
#include "tests/support/insight_service.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using Json = nlohmann::ordered_json;

TEST_CASE("the legacy API lists the charts with data and spells class names its way",
          "[server][api]") {
  InsightService service;
  CHECK(service.json("/api/visualizations")["visualizations"].empty());
  service.add_evaluation(small_report(service.weights(), "r"));
  const Json list = service.json("/api/visualizations")["visualizations"];
  CHECK(list.size() == 6);
  for (const Json& item : list) {
    CHECK(item.size() == 3);
    CHECK(item["url"] == "/static/visualizations/" + item["filename"].get<std::string>());
    const Reply png = service.call("GET", item["url"]);
    CHECK(png.status == 200);
    CHECK(decoded(png).width == 960);
  }
  InsightQuery query;
  query.legacy_names = true;
  for (const InsightKind& kind : insight_kinds()) {
    if (kind.name != std::string("confusion_matrix")) continue;
    const SourcedInsight result = InsightBuilder(service.app.chart_context(), query).build(kind);
    CHECK_THAT(result.insight.sentence, ContainsSubstring("Bird classified as Cat"));
  }
}

TEST_CASE("the legacy API reports the evaluation of the active model", "[server][api]") {
  InsightService service;
  const std::string path = "/api/model/evaluate";
  Json rejected = service.json(path, "POST", 404);
  CHECK_THAT(rejected["error"].get<std::string>(),
             ContainsSubstring("POST /api/v1/models/champion/evaluations"));
  service.add_evaluation(small_report(service.weights(), "old"));
  rejected = service.json(path, "POST", 409);
  CHECK_THAT(rejected["error"].get<std::string>(),
             ContainsSubstring("the test split has changed since the evaluation"));
  const std::string now = service.app.training.revision();
  service.add_evaluation(small_report(service.weights(), now, 40));
  const Json body = service.json(path, "POST");
  CHECK(body["accuracy"] == Approx(170.0 / 190).margin(1e-5));
  CHECK(body["confusion_matrix"] == Json::parse("[[80,20,0],[0,50,0],[0,0,40]]"));
  const Json& report = body["classification_report"];
  CHECK(report["Bird"]["recall"] == Approx(0.8));
  CHECK(report["Bird"]["support"] == 100);
  CHECK(report["Cat"]["precision"] == Approx(50.0 / 70).margin(1e-5));
  CHECK(report["macro avg"]["recall"] == body["recall_macro"]);
  CHECK(report["weighted avg"]["f1-score"] == body["f1_weighted"]);
  CHECK(report["weighted avg"]["support"] == 190);
  CHECK(report["accuracy"] == body["accuracy"]);
  CHECK(report.size() == 6);
  CHECK(body["evaluation_timestamp"].get<std::string>().size() == 24);
}

TEST_CASE("the legacy API reports the stored evaluation if the test split has changed",
          "[server][api]") {
  InsightService service;
  const std::string weights = weights_sha256(small_model_file(21));
  const int number = service.serve_with(evaluation_json(small_report(weights, "stored")).dump());
  service.add_evaluation(small_report(weights, "old", 40), number);
  CHECK(service.json("/api/model/evaluate", "POST")["accuracy"] ==
        Approx(130.0 / 150).margin(1e-5));
}

}  // namespace
}  // namespace fovea::tests
