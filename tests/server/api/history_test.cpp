#include <nlohmann/json.hpp>

#include "server/api/routes.h"
#include "server/http/target.h"
#include "server/store/audit_log.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"
#include "tests/support/small_app.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::json;

namespace {

std::string text_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

struct Service {
  explicit Service(AppOptions options = {}) : app(make_app(std::move(options))) {}

  Reply operator()(const std::string& verb, const std::string& target, std::string body = "") {
    Request request;
    const Target parsed = parse_target(target);
    request.verb = verb;
    request.path = parsed.path;
    request.query = parsed.query;
    request.body = std::move(body);
    request.actor = "admin";
    request.id = "test-id";
    return ask(router, app, std::move(request));
  }
  Json json(const std::string& verb, const std::string& target, const std::string& body = "") {
    const Reply reply = (*this)(verb, target, body);
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return Json::parse(reply.body);
  }
  std::int64_t predict(const std::string& image = "grey.png") {
    return json("POST", "/api/v1/predict", text_of(image_bytes(image)))["results"][0]["prediction"];
  }
  void check_rejected(const Reply& reply, int status, const std::string& part) {
    INFO(reply.body);
    CHECK(reply.status == status);
    CHECK_THAT(Json::parse(reply.body)["error"].get<std::string>(), ContainsSubstring(part));
  }

  Router router = make_router();
  App app;
};

// All bytes of a stream.
std::string drain(BodyStream& stream) {
  std::string all;
  bool more = true;
  while (more) {
    stream.next([&](std::string bytes, bool has_more) {
      all += bytes;
      more = has_more;
    });
  }
  return all;
}

const std::string kHistory = "/api/v1/predictions";

}  // namespace

TEST_CASE("following next lists the whole history", "[server][api]") {
  Service service;
  for (int i = 0; i < 5; ++i) service.predict();
  std::vector<int> ids;
  std::string target = kHistory + "?limit=2&source=x&uncertain=";
  for (int page = 0; page < 3; ++page) {
    const Json body = service.json("GET", target);
    for (const Json& entry : body["predictions"]) ids.push_back(entry["id"]);
    if (body["next"].is_null()) break;
    target = body["next"];
  }
  CHECK(ids == std::vector<int>{5, 4, 3, 2, 1});
}

TEST_CASE("a prediction has its result and its image", "[server][api]") {
  Service service;
  const auto id = std::to_string(service.predict("rgb.bmp"));
  const Json entry = service.json("GET", kHistory + "/" + id);
  CHECK(entry["source"] == "v1");
  CHECK(entry["version"] == 1);
  CHECK(entry["probabilities"].size() == 3);
  CHECK(entry["probabilities"][entry["label"].get<std::string>()] == entry["probability"]);
  CHECK(entry["image"]["kept"] == true);
  CHECK(entry["right_label"].is_null());
  const Reply image = service("GET", kHistory + "/" + id + "/image");
  CHECK(image.body == text_of(image_bytes("rgb.bmp")));
  CHECK(find_field(image.fields, "Content-Type") == "image/bmp");
  for (const char* bad : {"/99", "/x", "/0", "/-1", "/99/image"}) {
    service.check_rejected(service("GET", kHistory + bad), 404, "no prediction");
  }
}

TEST_CASE("filters select predictions and invalid ones are rejected", "[server][api]") {
  Service service;
  service.predict();
  const std::string label = service.json("GET", kHistory + "/1")["label"];
  const auto count = [&](const std::string& query) {
    return service.json("GET", kHistory + "?" + query)["predictions"].size();
  };
  CHECK(count("label=" + label) == 1);
  CHECK(count("label=nothing") == 0);
  CHECK(count("version=1") == 1);
  CHECK(count("version=2") == 0);
  CHECK(count("from=2020-01-01&to=2020-01-02T00:00:00.5Z") == 0);
  CHECK(count("from=2020-01-01") == 1);
  CHECK(count("from=0001-01-01&to=9999-12-31") == 1);  // beyond the range of the clock
  CHECK(count("to=9999-12-31T23:59:59.999999Z") == 1);
  CHECK(count("to=0001-01-01") == 0);
  CHECK(count("labelled=false") == 1);
  CHECK(count("labelled=true") == 0);
  CHECK(count("search=ODY") == 1);
  CHECK(count("min_probability=0.999999") == 0);
  for (const char* bad : {"limit=0", "limit=x", "before=x", "version=x", "from=yesterday",
                          "to=2026-13-01", "to=2026-01-01T25:00:00Z", "uncertain=maybe",
                          "min_probability=2", "max_probability=nan", "labelled=2"}) {
    const std::string text = bad;
    service.check_rejected(service("GET", kHistory + "?" + text), 400,
                           text.substr(0, text.find('=')));
  }
}

TEST_CASE("the CSV export is UTF-8 without formulas", "[server][api]") {
  Service service;
  Request request;
  request.verb = "POST";
  request.path = "/api/v1/predict";
  request.fields = {{"Content-Type", "multipart/form-data; boundary=B"}};
  request.body =
      "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"=1+\\\"2\xff\"\r\n\r\n" +
      text_of(image_bytes("grey.png")) + "\r\n--B--\r\n";
  REQUIRE(ask(service.router, service.app, request).status == 200);
  const Reply reply = service("GET", kHistory + ".csv");
  CHECK(find_field(reply.fields, "Content-Type") == "text/csv; charset=utf-8");
  REQUIRE(reply.stream);
  const std::string csv = drain(*reply.stream);
  CHECK(csv.substr(0, 8) == "id,time,");
  CHECK_THAT(csv, ContainsSubstring(",\"'=1+\"\"2\xef\xbf\xbd\","));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 2);
}

TEST_CASE("the CSV export contains a long history completely", "[server][api]") {
  Service service;
  PredictionRecord record;
  record.model = std::make_shared<PredictionModel>(PredictionModel{"m", 1, "w", {"a"}});
  record.probabilities = {1};
  record.label = "a";
  std::vector<NewPrediction> many(1234, NewPrediction{record, {}});
  service.app.store->predictions().append(many);
  const std::string csv = drain(*service("GET", kHistory + ".csv").stream);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1235);
}

TEST_CASE("deleting predictions is audited and deleting all needs confirmation", "[server][api]") {
  Service service;
  service.predict();
  service.predict();
  service.predict();
  CHECK(service.json("DELETE", kHistory + "/2")["deleted"] == 1);
  service.check_rejected(service("DELETE", kHistory + "/2"), 404, "no prediction 2");
  service.check_rejected(service("DELETE", kHistory), 400, "confirm=all");
  CHECK(service.json("DELETE", kHistory + "?confirm=all")["deleted"] == 2);
  CHECK(service.json("GET", kHistory)["predictions"].empty());
  const auto audit = service.app.store->audit().newest(2);
  CHECK(audit[0].action == "delete predictions");
  CHECK(audit[0].actor == "admin");
  CHECK(audit[1].subject == "prediction 2");
}

TEST_CASE("labelling a prediction adds its image to the dataset", "[server][api]") {
  Service service;
  service.predict("rgb.bmp");
  const std::string path = kHistory + "/1/label";
  const Json labelled = service.json("POST", path, R"({"label": "zebra"})");
  CHECK(labelled["right_label"] == "zebra");
  CHECK(labelled["training"] == "added");
  CHECK(labelled["labelled"].is_string());
  const auto snapshot = service.app.training.snapshot();
  REQUIRE(snapshot->dataset.images().size() == 1);
  CHECK(snapshot->label(snapshot->dataset.images()[0]) == "zebra");
  CHECK(service.json("POST", path, R"({"label": "cat"})")["training"] == "relabelled");
  CHECK(service.json("GET", "/api/v1/statistics")["labelled"]["count"] == 1);
  CHECK(service.app.store->audit().newest(1)[0].action == "label prediction");
  service.check_rejected(service("POST", path, "{}"), 400, "label");
  service.check_rejected(service("POST", path, R"({"label": "a/b"})"), 400, "a/b");
  service.check_rejected(service("POST", path, "x"), 400, "JSON");
  service.check_rejected(service("POST", kHistory + "/9/label", R"({"label": "a"})"), 404, "9");
}

TEST_CASE("a prediction without a stored image cannot be labelled", "[server][api]") {
  AppOptions options;
  options.history.max_image_bytes = 0;
  Service service(options);
  service.predict();
  service.check_rejected(service("GET", kHistory + "/1/image"), 404, "not stored");
  service.check_rejected(service("POST", kHistory + "/1/label", R"({"label": "cat"})"), 409,
                         "no longer stored");
}

TEST_CASE("the statistics count predictions by class and version and time", "[server][api]") {
  Service service;
  const Json none = service.json("GET", "/api/v1/statistics?hours=24");
  CHECK(none["predictions"] == 0);
  CHECK(none["confidence"]["mean"].is_null());
  CHECK(none["labelled"]["accuracy"].is_null());
  CHECK(service.json("GET", "/api/statistics").contains("message"));
  for (int i = 0; i < 3; ++i) service.predict();
  const Json entry = service.json("GET", kHistory + "/1");
  const double p = entry["probability"];
  for (const char* target :
       {"/api/v1/statistics", "/api/v1/statistics?hours=24", "/api/v1/statistics?hours=1000"}) {
    const Json body = service.json("GET", target);
    CHECK(body["predictions"] == 3);
    CHECK(body["classes"][0]["label"] == entry["label"]);
    CHECK(body["classes"][0]["count"] == 3);
    CHECK(body["confidence"]["mean"].get<double>() == Approx(p));
    CHECK(body["confidence"]["histogram"].size() == 20);
    CHECK(body["latency_ms"]["total"]["p99"].get<double>() > 0);
    CHECK(body["versions"][0]["version"] == 1);
    CHECK(body["versions"][0]["predictions"] == 3);
    CHECK(body["series"]["points"].size() >= 1);
    CHECK(body["unrecorded"] == 0);
  }
  const Json older = service.json("GET", "/api/statistics");
  CHECK(older["total_predictions"] == 3);
  CHECK(older["min_confidence"].get<double>() == Approx(p));
  CHECK(older["average_prediction_time_ms"].get<double>() > 0);
  std::string name = entry["label"];
  name[0] = static_cast<char>(std::toupper(name[0]));
  CHECK(older["predictions_per_class"][name] == 3);
  service.check_rejected(service("GET", "/api/v1/statistics?hours=0"), 400, "hours");
}

TEST_CASE("the legacy API describes the model and the uptime", "[server][api]") {
  Service service;
  const Json info = service.json("GET", "/api/model/info");
  CHECK(info["input_shape"] == Json({8, 8, 3}));
  CHECK(info["num_classes"] == 3);
  CHECK(info["class_names"] == Json({"Bird", "Cat", "Truck"}));
  CHECK(info["training_metadata"]["note"] == "random weights");
  CHECK_THAT(info["model_summary"].get<std::string>(), ContainsSubstring("Conv2d"));
  const Json uptime = service.json("GET", "/api/model/uptime");
  CHECK(uptime["is_retraining"] == false);
  CHECK(uptime["uptime_hours"].get<double>() <= uptime["uptime_seconds"].get<double>());
  CHECK(uptime["start_time"].get<std::string>().size() == 24);
}
