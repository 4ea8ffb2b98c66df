#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "engine/image/bitmap.h"
#include "engine/report/evaluation_images.h"
#include "server/charts/insight_builder.h"
#include "tests/support/insight_service.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using Json = nlohmann::ordered_json;

constexpr const char* kList = "/api/v1/insights";

TEST_CASE("a chart without data says what is missing", "[server][api]") {
  InsightService service;
  const Json list = service.json(kList);
  CHECK(list["version"] == 1);
  CHECK(list["insights"].size() == insight_kinds().size());
  for (const Json& item : list["insights"]) {
    INFO(item.dump());
    CHECK(item["has_data"] == false);
    CHECK(item["png"].is_null());
    CHECK(item["sentence"].get<std::string>().size() > 20);
    const Json whole = service.json(item["url"]);
    CHECK(whole["sentence"] == item["sentence"]);
    CHECK(whole["data"].is_null());
    const Json rejected = service.json(
        std::string(kList) + "/" + item["name"].get<std::string>() + ".png", "GET", 404);
    CHECK(rejected["error"] == item["sentence"]);
  }
  CHECK_THAT(service.insight("roc")["sentence"].get<std::string>(),
             ContainsSubstring("POST /api/v1/models/1/evaluations"));
}

TEST_CASE("the charts of a version show its newest evaluation", "[server][api]") {
  InsightService service;
  service.add_evaluation(small_report(service.weights(), "old"));
  Json matrix = service.insight("confusion_matrix");
  CHECK_THAT(matrix["sentence"].get<std::string>(),
             ContainsSubstring("bird classified as cat: 20 of 60 images"));
  CHECK(matrix["data"]["panels"][0]["kind"] == "heat_map");
  CHECK(matrix["data"]["panels"][0]["values"][0] == Json({40, 20, 0}));
  CHECK(matrix["source"]["kind"] == "evaluation");
  CHECK(matrix["source"]["id"] == 1);
  CHECK(matrix["source"]["count"] == 150);
  CHECK(matrix["source"]["split"] == "test");
  CHECK(matrix["source"]["current"] == false);
  CHECK(matrix["caveat"] == "The dataset has changed since this evaluation.");
  service.add_evaluation(small_report(service.weights(), service.app.training.revision(), 40));
  service.add_evaluation(small_report(service.weights(), "old"), 1, "train");
  matrix = service.insight("confusion_matrix");
  CHECK_THAT(matrix["sentence"].get<std::string>(), ContainsSubstring("20 of 100 images (20 %)"));
  CHECK(matrix["source"]["id"] == 2);
  CHECK(matrix["source"]["current"] == true);
  CHECK(matrix["caveat"].is_null());
  for (const char* name :
       {"roc", "pr", "per_class_metrics", "reliability", "worst_mistakes", "confusion_matrix"}) {
    const Json one = service.insight(name);
    INFO(one.dump());
    CHECK(one["has_data"] == true);
    const Reply png = service.call("GET", one["png"]);
    CHECK(png.status == 200);
    CHECK(find_field(png.fields, "Content-Type") == "image/png");
    CHECK(decoded(png).width == 960);
  }
}

TEST_CASE("the charts of a version without evaluations show that of its model file",
          "[server][api]") {
  InsightService service;
  const auto model = small_model_file(21);
  const std::string weights = weights_sha256(model);
  EvaluationReport report = small_report(weights, "elsewhere");
  report.statistics = data_statistics({class_statistics("bird", 9, 3, 3)});
  const int number = service.serve_with(
      evaluation_json(report, Json::parse(R"([{"epoch":1,"train_accuracy":0.5}])")).dump());
  const Json roc = service.insight("roc");
  CHECK(roc["source"]["id"] == "model");
  CHECK(roc["source"]["version"] == number);
  CHECK(roc["caveat"] ==
        "From the evaluation stored with the model; its images are not on this machine.");
  CHECK(service.insight("training_curves")["has_data"] == true);
  const Json samples = service.insight("sample_images");
  CHECK(samples["has_data"] == false);  // no image is available
  CHECK(samples["data"]["panels"][0]["groups"][0]["images"][0]["url"].is_null());
  CHECK(service.insight("class_distribution")["data"]["panels"][0]["categories"] == Json({"bird"}));
  // The previous version has none.
  CHECK(service.insight("roc", "?version=1")["has_data"] == false);
  CHECK(service.insight("roc", "?version=previous")["has_data"] == false);
  service.add_evaluation(small_report(weights, "elsewhere"), number);
  CHECK(service.insight("roc")["source"]["id"] == 1);
}

TEST_CASE("charts show the images that came with the model", "[server][api]") {
  InsightService service;
  EvaluationReport report = small_report(weights_sha256(small_model_file(21)), "elsewhere");
  report.statistics = data_statistics({class_statistics("bird", 9, 3, 3)});
  const std::string sha256 = report.statistics->classes[0].samples.at(0);
  const auto file = encode_bitmap({8, 8, std::vector<std::uint8_t>(8 * 8 * 3, 90)});
  Json document = evaluation_json(report);
  document["images"] = images_json({{sha256, file}});
  const int number = service.serve_with(document.dump());
  const Json samples = service.insight("sample_images");
  CHECK(samples["has_data"] == true);
  const std::string url = fmt::format("/api/v1/models/{}/images/{}", number, sha256);
  CHECK(samples["data"]["panels"][0]["groups"][0]["images"][0]["url"] == url);
  const Reply image = service.call("GET", url);
  CHECK(image.status == 200);
  CHECK(find_field(image.fields, "Content-Type") == "image/bmp");
  CHECK(image.body == std::string(file.begin(), file.end()));
  CHECK(service.call("GET", samples["png"]).status == 200);
  CHECK(service.call("GET", fmt::format("/api/v1/models/{}/images/{}", number, "x")).status == 404);
  CHECK(service.call("GET", "/api/v1/models/1/images/" + sha256).status == 404);
  // The document in the API is without them.
  const Json shown = service.json(fmt::format("/api/v1/models/{}/evaluations/model", number));
  CHECK_FALSE(shown["evaluation"].contains("images"));
}

TEST_CASE("the evaluation in the query is shown instead of the newest", "[server][api]") {
  InsightService service;
  const auto model = small_model_file(21);
  const std::string weights = weights_sha256(model);
  const int number = service.serve_with(evaluation_json(small_report(weights, "r", 100)).dump());
  service.add_evaluation(small_report(weights, "r", 40), number);
  service.add_evaluation(Answers({"bird", "cat", "truck"}).add(0, 0, 8).report(), number);
  service.add_evaluation(small_report(service.weights(), "r"));  // number 3, of version 1
  CHECK(service.insight("roc")["source"]["id"] == 2);
  const auto count = [&](const std::string& id) {
    return service.insight("confusion_matrix", "?evaluation=" + id)["source"]["count"];
  };
  CHECK(count("1") == 190);
  CHECK(count("2") == 8);
  CHECK(count("model") == 250);
  const Json heads =
      service.json("/api/v1/models/" + std::to_string(number) + "/evaluations")["evaluations"];
  CHECK(heads[0]["count"] == 8);
  CHECK(heads[1]["count"] == 190);
  CHECK(heads[2]["count"] == 250);
  CHECK(heads[2]["split"] == "test");
  CHECK(heads[2]["data_revision"] == "r");
  const std::string end = "?version=" + std::to_string(number) + "&evaluation=1";
  const Json list = service.json("/api/v1/insights?evaluation=1");
  for (const Json& item : list["insights"]) {
    const bool measured = item["name"] == "roc" || item["name"] == "worst_mistakes";
    const auto url = item["url"].get<std::string>();
    INFO(item.dump());
    if (measured) CHECK(url == "/api/v1/insights/" + item["name"].get<std::string>() + end);
    if (item["name"] == "latency") CHECK(url == "/api/v1/insights/latency");
    CHECK(service.json(item["url"])["sentence"] == item["sentence"]);
    if (item["name"] == "roc") CHECK(item["png"] == "/api/v1/insights/roc.png" + end);
  }
  CHECK(decoded(service.call("GET", "/api/v1/insights/roc.png" + end)).width == 960);
  CHECK(service.insight("roc", "?version=1&evaluation=3")["source"]["count"] == 150);
}

TEST_CASE("the charts of a version without files say that they were removed", "[server][api]") {
  InsightService service;
  const auto model = small_model_file(21);
  const std::string document = evaluation_json(small_report(weights_sha256(model), "r")).dump();
  const int with = service.app.registry.publish(model, features_with(model, document), {}, "t");
  const int without = service.app.registry.publish(small_model_file(22), {}, {}, "t");
  for (const int number : {with, without}) {
    const std::string version = std::to_string(number);
    REQUIRE(service.call("DELETE", "/api/v1/models/" + version).status < 300);
    const std::string sentence = service.insight("roc", "?version=" + version)["sentence"];
    INFO(sentence);
    CHECK_THAT(sentence, ContainsSubstring("files of version " + version + " were removed on"));
    CHECK_THAT(sentence,
               ContainsSubstring(number == with ? "including the evaluation stored with them"
                                                : "It had no stored evaluation"));
    CHECK_THAT(sentence, !ContainsSubstring("POST"));
    service.json("/api/v1/insights/roc?evaluation=model&version=" + version, "GET", 404);
  }
}

TEST_CASE("an evaluation of other weights or with errors is not shown", "[server][api]") {
  InsightService service;
  service.serve_with(evaluation_json(small_report(std::string(64, 'b'), "r")).dump());
  Json roc = service.insight("roc");
  CHECK(roc["has_data"] == false);
  CHECK_THAT(roc["sentence"].get<std::string>(), ContainsSubstring("belongs to other weights"));
  const auto [text, why] = GENERATE(
      table<const char*, const char*>({{R"({"format":1})", "model is missing"},
                                       {R"({"format":"1"})", "format is not a whole number"}}));
  service.serve_with(text, 22);
  roc = service.insight("roc");
  CHECK(roc["has_data"] == false);
  CHECK_THAT(roc["sentence"].get<std::string>(), ContainsSubstring(why));
  CHECK(service.json("/api/v1/insights")["insights"].size() == insight_kinds().size());
}

TEST_CASE("the charts of the dataset show its present images", "[server][api]") {
  InsightService service;
  const auto hashes = service.add_images("owl", 12, 200);
  service.add_images("bat", 3, 20);
  Json samples = service.insight("sample_images");
  CHECK(samples["has_data"] == true);
  CHECK(samples["source"]["kind"] == "dataset");
  CHECK(samples["source"]["images"] == 15);
  CHECK(samples["source"]["data_revision"] == service.app.training.revision());
  CHECK_THAT(samples["caveat"].get<std::string>(), ContainsSubstring("bird, cat and truck"));
  const Json image = samples["data"]["panels"][0]["groups"][0]["images"][0];
  CHECK(image["label"] == "owl");
  CHECK(service.call("GET", image["url"]).status == 200);
  CHECK(std::count(hashes.begin(), hashes.end(), image["sha256"].get<std::string>()) == 1);
  const Image png = decoded(service.call("GET", samples["png"]));
  int greys = 0;
  for (std::size_t i = 0; i < png.rgb.size(); i += 3) {
    greys += png.rgb[i] == 200 && png.rgb[i + 1] == 200 && png.rgb[i + 2] == 200 ? 1 : 0;
  }
  CHECK(greys > 1000);  // the images
  CHECK_THAT(service.insight("pixel_intensity")["sentence"].get<std::string>(),
             ContainsSubstring("brightest class is owl"));
  CHECK_THAT(service.insight("class_distribution")["sentence"].get<std::string>(),
             ContainsSubstring("owl has the most (12)"));
  service.add_images("bat", 40, 30);
  CHECK_THAT(service.insight("class_distribution")["sentence"].get<std::string>(),
             ContainsSubstring("bat has the most (43)"));
  // With a version: the data of its evaluation instead of the present dataset.
  CHECK(service.insight("class_distribution", "?version=1")["has_data"] == false);
}

TEST_CASE("the chart of mistakes links the images on this machine", "[server][api]") {
  InsightService service;
  const auto hashes = service.add_images("bird", 2, 100);
  EvaluationReport report = small_report(service.weights(), service.app.training.revision());
  report.mistakes[0].image = hashes[0];
  report.mistakes[1].image = "../../etc/passwd";
  service.add_evaluation(report);
  const Json mistakes = service.insight("worst_mistakes");
  const Json& images = mistakes["data"]["panels"][0]["groups"][0]["images"];
  CHECK(images[0]["url"] == "/api/v1/dataset/images/" + hashes[0] + "/content");
  CHECK(images[1]["url"].is_null());
  CHECK(images[0]["label"] == "bird");
  CHECK(images[0]["answer"] == "cat");
  CHECK_THAT(mistakes["caveat"].get<std::string>(),
             ContainsSubstring("Only 1 of these 20 images is on this machine."));
  CHECK(decoded(service.call("GET", mistakes["png"])).width == 960);
}

TEST_CASE("the charts of the history cover all versions or one", "[server][api]") {
  InsightService service;
  service.predict(3);
  Json over_time = service.insight("confidence_over_time");
  CHECK(over_time["has_data"] == true);
  CHECK(over_time["source"].at("count") == 3);
  CHECK(over_time["source"]["version"].is_null());
  CHECK_THAT(over_time["caveat"].get<std::string>(), ContainsSubstring("Only 3 predictions"));
  const int other = service.serve_with(evaluation_json(small_report("w", "r")).dump());
  service.predict(2);
  CHECK(service.insight("latency")["source"]["count"] == 5);
  CHECK(service.insight("latency", "?version=1")["source"]["count"] == 3);
  CHECK(service.insight("confidence_histogram",
                        "?version=" + std::to_string(other))["source"]["count"] == 2);
  CHECK(service.insight("latency", "?hours=1")["source"]["count"] == 5);
  const Json list = service.json("/api/v1/insights?version=1");
  for (const Json& item : list["insights"]) {
    const bool all = item["name"] == "confidence_over_time";
    const auto url = item["url"].get<std::string>();
    CHECK((url.find("?version=1") == std::string::npos) == all);
    CHECK(service.json(item["url"])["sentence"] == item["sentence"]);
  }
}

TEST_CASE("the training curves of a version are the epochs of its job", "[server][api]") {
  InsightService service;
  JobStore& jobs = service.app.store->jobs();
  const Job job = jobs.create("retrain", "{}", "");
  jobs.change(job.id, JobState::succeeded, "", "{}");
  for (
      const char* event :
      {R"({"event":"start","epochs":2})",
       R"({"event":"epoch","epoch":1,"train_loss":1.5,"train_accuracy":0.4,"val_accuracy":0.5})",
       R"({"event":"epoch","epoch":2,"train_loss":0.5,"train_accuracy":0.8,"val_accuracy":0.75})"}) {
    jobs.append(job.id, event);
  }
  const int number =
      service.app.registry.publish(small_model_file(30), {}, {{"job", job.id}}, "test");
  const Json curves = service.insight("training_curves", "?version=" + std::to_string(number));
  CHECK(curves["source"]["kind"] == "job");
  CHECK(curves["source"]["job"] == job.id);
  CHECK_THAT(curves["sentence"].get<std::string>(),
             ContainsSubstring("is 50 % in epoch 1 and 75 % in epoch 2"));
  CHECK(curves["data"]["panels"][0]["lines"][0]["points"] == Json::parse("[[1,1.5],[2,0.5]]"));
  CHECK(service.insight("training_curves")["has_data"] == false);  // version 1 was not trained here
}

TEST_CASE("invalid chart requests are rejected with the reason", "[server][api]") {
  const auto [target, status, part] = GENERATE(table<const char*, int, const char*>(
      {{"/api/v1/insights/nothing", 404,
        "there is no chart nothing; the charts are class_distribution"},
       {"/api/v1/insights/nothing.png", 404, "there is no chart nothing"},
       {"/static/visualizations/nothing.png", 404, "there is no chart nothing"},
       {"/api/v1/insights?version=9", 404, "9"},
       {"/api/v1/insights/roc?version=x", 404, "x"},
       {"/api/v1/insights?evaluation=7", 404, "version 1 has no evaluation 7"},
       {"/api/v1/insights/roc?evaluation=model", 404, "version 1 has no evaluation model"},
       {"/api/v1/insights/roc.png?evaluation=01", 404, "version 1 has no evaluation 01"},
       {"/api/v1/insights/roc?evaluation=", 400, "evaluation is empty"},
       {"/api/v1/insights/latency?evaluation=1", 400, "latency is not based on an evaluation"},
       {"/api/v1/insights/latency?hours=no", 400, "hours=no"},
       {"/api/v1/insights/latency.png?width=319", 400, "width=319"},
       {"/api/v1/insights/latency.png?height=1e3", 400, "height=1e3"},
       {"/api/v1/insights/latency.png?dark=2", 400, "dark=2"},
       {"/api/v1/insights/confidence_over_time?version=1", 400, "leave out version"}}));
  InsightService service;
  service.predict(1);
  INFO(target);
  const Json body = service.json(target, "GET", status);
  CHECK_THAT(body["error"].get<std::string>(), ContainsSubstring(part));
}

TEST_CASE("a PNG has the requested size", "[server][api]") {
  InsightService service;
  service.predict(1);
  const Image image =
      decoded(service.call("GET", "/api/v1/insights/latency.png?width=400&height=300&dark=1"));
  CHECK(image.width == 400);
  CHECK(image.height == 300);
  CHECK(image.rgb[0] < 64);
}

TEST_CASE("charts that show images need the admin role", "[server][api]") {
  InsightService service;
  const std::vector<std::string> images = {"sample_images", "worst_mistakes"};
  for (const char* folder : {"/api/v1/insights/", "/static/visualizations/"}) {
    const Match match = service.router.match("GET", folder + std::string("sample_pictures.png"));
    CHECK(match.route->role == Role::admin);
  }
  for (const InsightKind& kind : insight_kinds()) {
    const bool shows = std::count(images.begin(), images.end(), kind.name) > 0;
    for (const std::string folder : {"/api/v1/insights/", "/static/visualizations/"}) {
      const Match match = service.router.match("GET", folder + kind.name + ".png");
      INFO(folder << kind.name);
      REQUIRE(match.route != nullptr);
      CHECK((match.route->role == Role::admin) == shows);
    }
    CHECK(service.router.match("GET", std::string("/api/v1/insights/") + kind.name).route->role ==
          Role::predict);
  }
}

}  // namespace
}  // namespace fovea::tests
