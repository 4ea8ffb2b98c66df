#include <nlohmann/json.hpp>

#include "engine/core/sha256.h"
#include "server/api/routes.h"
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

Request get(const std::string& path, Fields fields = {}) {
  Request request;
  request.path = path;
  request.fields = std::move(fields);
  request.id = "test-id";
  return request;
}

Request post(const std::string& path, const std::string& type, std::string body) {
  Request request = get(path, {{"Content-Type", type}});
  request.verb = "POST";
  request.body = std::move(body);
  return request;
}

// A form with these (field name, file name, contents).
Request form(const std::string& path, const std::vector<std::array<std::string, 3>>& parts) {
  std::string body;
  for (const auto& [name, file, data] : parts) {
    body += "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file +
            "\"\r\n\r\n" + data + "\r\n";
  }
  return post(path, "multipart/form-data; boundary=B", body + "--B--\r\n");
}

const std::string kPredict = "/api/v1/predict";

struct Service {
  Router router = make_router();
  App app = make_app();
  Reply operator()(Request request) { return ask(router, app, std::move(request)); }
};

void check_problem(const Reply& reply, int status, const std::string& part) {
  INFO(reply.body);
  CHECK(reply.status == status);
  CHECK(find_field(reply.fields, "Content-Type") == "application/problem+json");
  const Json body = Json::parse(reply.body);
  CHECK(body["status"] == status);
  CHECK_THAT(body["detail"].get<std::string>(), ContainsSubstring(part));
  CHECK(body["error"] == body["detail"]);
  CHECK(body["request_id"] == "test-id");
}

}  // namespace

TEST_CASE("an image in the body is classified as by the engine", "[server][api]") {
  Service service;
  const auto image = image_bytes("rgb.bmp");
  const Reply reply = service(post(kPredict, "image/bmp", text_of(image)));
  REQUIRE(reply.status == 200);
  const Json body = Json::parse(reply.body);
  CHECK(body["id"] == "test-id");
  CHECK(body["model"] == "tiny test");
  CHECK(body["version"] == "1");
  const Classifier& classifier = small_model()->classifier;
  CHECK(body["weights_sha256"] == classifier.weights_sha256());
  REQUIRE(body["results"].size() == 1);
  const Json& result = body["results"][0];
  CHECK(result["file"] == "body");
  Tensor probabilities;
  Scratch scratch;
  classifier.predict(classifier.prepare(image), probabilities, scratch);
  const auto order = top_k(probabilities.values(), 3);
  REQUIRE(result["top"].size() == 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(result["top"][i]["index"] == order[i]);
    CHECK(result["top"][i]["label"] == classifier.classes()[order[i]]);
    CHECK(result["top"][i]["probability"].get<float>() == probabilities.values()[order[i]]);
  }
  CHECK(result["label"] == result["top"][0]["label"]);
  CHECK(result["index"] == result["top"][0]["index"]);
  CHECK(result["probability"] == result["top"][0]["probability"]);
  for (const char* stage : {"decode", "queue", "compute"}) {
    CHECK(result["timing_ms"][stage].get<double>() >= 0);
  }
}

TEST_CASE("an image with the content type of a form is accepted", "[server][api]") {
  Service service;
  for (const char* type : {"application/x-www-form-urlencoded", "application/octet-stream", "",
                           "image/png; charset=binary"}) {
    INFO(type);
    CHECK(service(post(kPredict, type, text_of(image_bytes("grey.png")))).status == 200);
  }
}

TEST_CASE("the results of a form are in order and a bad file does not affect others",
          "[server][api]") {
  Service service;
  const Reply reply =
      service(form(kPredict, {{"note", "", "ignored"},
                              {"file", "a.png", text_of(image_bytes("grey.png"))},
                              {"file", "bad.png", "no image"},
                              {"file", "empty.png", ""},
                              {"file", "b.jpg", text_of(image_bytes("exif6.jpg"))}}));
  REQUIRE(reply.status == 200);
  const Json results = Json::parse(reply.body)["results"];
  REQUIRE(results.size() == 4);
  CHECK(results[0]["file"] == "a.png");
  CHECK(results[0].contains("label"));
  CHECK(results[1]["file"] == "bad.png");
  CHECK(results[1].contains("error"));
  CHECK_FALSE(results[1].contains("label"));
  CHECK(results[2].contains("error"));
  CHECK(results[3]["file"] == "b.jpg");
  CHECK(results[3].contains("label"));
}

TEST_CASE("a form without images is 422 with a reason per file", "[server][api]") {
  Service service;
  const Reply one = service(form(kPredict, {{"file", "bad.png", "no image"}}));
  check_problem(one, 422, "bad.png: ");
  CHECK(Json::parse(one.body)["results"][0]["file"] == "bad.png");
  const Reply two = service(form(kPredict, {{"file", "x", "1"}, {"file", "y", "2"}}));
  check_problem(two, 422, "none of the 2 files");
  CHECK(Json::parse(two.body)["results"].size() == 2);
  check_problem(service(post(kPredict, "image/png", "garbage")), 422, "body: ");
}

TEST_CASE("top_k limits only the list of classes", "[server][api]") {
  Service service;
  Request request = post(kPredict, "image/png", text_of(image_bytes("grey.png")));
  const auto count = [&](const std::string& k) {
    request.query = {{"top_k", k}};
    return Json::parse(service(request).body)["results"][0]["top"].size();
  };
  CHECK(count("1") == 1);
  CHECK(count("2") == 2);
  CHECK(count("50") == 3);
  for (const char* k : {"0", "-1", "x", "", "1.5", "1 ", "+1", "99999999999999999999"}) {
    request.query = {{"top_k", k}};
    check_problem(service(request), 400, "top_k=");
  }
}

TEST_CASE("requests without an image are rejected with the reason", "[server][api]") {
  Service service;
  check_problem(service(post(kPredict, "image/png", "")), 400, "no body");
  check_problem(service(form(kPredict, {})), 400, "\"file\"");
  check_problem(service(form(kPredict, {{"other", "a.png", "x"}})), 400, "\"file\"");
  check_problem(service(post(kPredict, "multipart/form-data", "x")), 400, "boundary");
  check_problem(service(post(kPredict, "multipart/form-data; boundary=B", "x")), 400, "boundary");
  check_problem(service(post(kPredict, "text/plain", "x")), 415, "text/plain");
  check_problem(service(post(kPredict, "multipart/mixed; boundary=B", "x")), 415,
                "multipart/mixed");
  std::vector<std::array<std::string, 3>> many(1001, {"file", "a", "x"});
  check_problem(service(form(kPredict, many)), 400, "1000 parts");
}

TEST_CASE("file names that are not UTF-8 do not break the response", "[server][api]") {
  Service service;
  const Reply reply = service(form(kPredict, {{"file", "\xff\xfe<b>.png", "x"}}));
  CHECK(reply.status == 422);
  CHECK(Json::accept(reply.body));
}

TEST_CASE("a truncated image is never a server error", "[server][api]") {
  Service service;
  for (const char* name : {"grey.jpg", "palette.png", "rgb.bmp"}) {
    const std::string whole = text_of(image_bytes(name));
    for (std::size_t size = 1; size < whole.size(); size += 1 + whole.size() / 60) {
      INFO(name << " cut to " << size);
      const int status = service(post(kPredict, "image/*", whole.substr(0, size))).status;
      CHECK((status == 200 || status == 422));
    }
  }
}

TEST_CASE("a passed deadline is 504", "[server][api]") {
  AppOptions options;
  options.deadline = std::chrono::milliseconds(-1);
  App app = make_app(options);
  const Reply reply =
      ask(make_router(), app, post(kPredict, "image/png", text_of(image_bytes("grey.png"))));
  check_problem(reply, 504, "waited in the queue");
}

TEST_CASE("a full queue is 503 with Retry-After", "[server][api]") {
  AppOptions options;
  options.inference_threads = 0;  // the queue is never emptied
  options.max_queue = 1;
  App app = make_app(options);
  const Router router = make_router();
  const Request request = post(kPredict, "image/png", text_of(image_bytes("grey.png")));
  const auto handler = std::get<AsyncHandler>(router.match("POST", kPredict).route->handler);
  handler(std::make_shared<Request>(request), app, [](Result) {});
  const Reply reply = ask(router, app, request);
  check_problem(reply, 503, "waiting");
  CHECK(find_field(reply.fields, "Retry-After") == "1");
}

TEST_CASE("the active model is described", "[server][api]") {
  Service service;
  const Reply reply = service(get("/api/v1/model"));
  REQUIRE(reply.status == 200);
  const Json body = Json::parse(reply.body);
  const auto served = small_model();
  CHECK(body["name"] == "tiny test");
  CHECK(body["version"] == "1");
  CHECK(body["classes"] == Json({"bird", "cat", "truck"}));
  CHECK(body["input_size"] == 8);
  CHECK(body["preprocessing"]["fit"] == "crop");
  CHECK(body["preprocessing"]["mean"].size() == 3);
  CHECK(body["temperature"] == 1.5);
  CHECK(body["parameters"] == 3 * 3 * 3 * 8 + 8 + 16 + 8 * 3 + 3);
  CHECK(body["flops"].get<std::int64_t>() > 0);
  CHECK(body["weights_sha256"] == served->classifier.weights_sha256());
  CHECK(body["file_sha256"] == sha256_hex(served->file));
  CHECK(body["file_size"] == served->file.size());
  CHECK(body["provenance"]["note"] == "random weights");
  CHECK(body["metrics"]["accuracy"] == 0.5);
  CHECK(body["layers"].size() == 6);
  CHECK(body["layers"][0]["output"] == Json({8, 8, 8}));
}

TEST_CASE("the model file is downloaded with an entity tag", "[server][api]") {
  Service service;
  const Reply reply = service(get("/api/v1/model/weights"));
  CHECK(reply.content() == text_of(small_model()->file));
  CHECK(find_field(reply.fields, "Content-Disposition") ==
        "attachment; filename=\"tiny_test.safetensors\"");
  const std::string tag(*find_field(reply.fields, "ETag"));
  CHECK(tag == '"' + small_model()->file_sha256 + '"');
  const Reply again = service(get("/api/v1/model/weights", {{"If-None-Match", tag}}));
  CHECK(again.status == 304);
  CHECK(again.content().empty());
}

TEST_CASE("a draining server is alive but not ready", "[server][api]") {
  Service service;
  CHECK(service(get("/livez")).status == 200);
  CHECK(service(get("/readyz")).status == 200);
  CHECK(service(get("/healthz")).status == 200);
  service.app.runtime->draining = true;
  CHECK(service(get("/livez")).status == 200);
  check_problem(service(get("/readyz")), 503, "shutting down");
  CHECK(service(get("/healthz")).status == 503);
}

TEST_CASE("the start page explains how to build the dashboard if it is missing", "[server][api]") {
  Service service;
  const Reply page = service(get("/"));
  CHECK(page.status == 200);
  CHECK_THAT(page.body, ContainsSubstring("Image Classification"));
  check_problem(service(get("/nothing.js")), 404, "/nothing.js");
}

TEST_CASE("the legacy API has its own member names and spelling", "[server][api]") {
  Service service;
  const Json health = Json::parse(service(get("/api/health")).body);
  CHECK(health["status"] == "healthy");
  CHECK(health["model_loaded"] == true);
  CHECK(health["uptime_seconds"].get<double>() >= 0);
  CHECK(health["timestamp"].get<std::string>().size() == 24);
  CHECK(health.contains("version"));

  const auto image = text_of(image_bytes("grey.png"));
  const Reply reply = service(form("/api/predict", {{"file", "grey.png", image}}));
  REQUIRE(reply.status == 200);
  const Json body = Json::parse(reply.body);
  const Json ours = Json::parse(service(post(kPredict, "", image)).body)["results"][0];
  CHECK(body["predicted_class_index"] == ours["index"]);
  CHECK(body["confidence"].get<float>() == ours["probability"].get<float>());
  CHECK(body["file_name"] == "grey.png");
  CHECK(body["all_probabilities"].size() == 3);
  for (const char* name : {"Bird", "Cat", "Truck"}) CHECK(body["all_probabilities"].contains(name));
  CHECK(body["all_probabilities"].contains(body["predicted_class"].get<std::string>()));
  CHECK(body["prediction_time_ms"].get<double>() > 0);
  CHECK(body.contains("timestamp"));
}

TEST_CASE("errors of the legacy API are JSON with a member error", "[server][api]") {
  Service service;
  const std::string path = "/api/predict";
  check_problem(service(post(path, "", "")), 400, "No file provided");
  check_problem(service(post(path, "application/json", "{}")), 400, "No file provided");
  check_problem(service(form(path, {{"other", "a.png", "x"}})), 400, "\"file\"");
  check_problem(service(form(path, {{"file", "", ""}})), 400, "No file selected");
  check_problem(service(form(path, {{"file", "a.txt", "text"}})), 400, "not allowed");
  check_problem(service(form(path, {{"file", "a.bmp", text_of(image_bytes("rgb.bmp"))}})), 400,
                "not allowed");
  check_problem(service(form(path, {{"file", "a.png", "\x89PNG\r\n\x1a\ngarbage"}})), 400, "a.png");
}

TEST_CASE("the legacy batch endpoint has a result per file", "[server][api]") {
  Service service;
  const auto image = text_of(image_bytes("grey.png"));
  const Json body = Json::parse(
      service(form("/api/predict/batch", {{"files", "a.png", image},
                                          {"files", "b.txt", "text"},
                                          {"files", "c.png", "\x89PNG\r\n\x1a\ngarbage"},
                                          {"files", "d.png", image}}))
          .body);
  CHECK(body["total_processed"] == 2);
  CHECK(body["total_errors"] == 2);
  REQUIRE(body["predictions"].size() == 2);
  CHECK(body["predictions"][0]["file_name"] == "a.png");
  CHECK(body["predictions"][1]["file_name"] == "d.png");
  CHECK(body["predictions"][1].contains("predicted_class"));
  REQUIRE(body["errors"].size() == 2);
  CHECK(body["errors"][0]["filename"] == "b.txt");
  CHECK(body["errors"][1]["filename"] == "c.png");
  const Json none = Json::parse(service(form("/api/predict/batch", {{"files", "b", "x"}})).body);
  CHECK(none["total_processed"] == 0);
  CHECK(none["total_errors"] == 1);
  check_problem(service(form("/api/predict/batch", {{"file", "b", "x"}})), 400, "\"files\"");
}

TEST_CASE("a prediction below the threshold is uncertain", "[server][api]") {
  Service service;
  Request request = post(kPredict, "image/png", text_of(image_bytes("grey.png")));
  const auto answer = [&](const std::string& threshold) {
    request.query = {{"threshold", threshold}};
    return Json::parse(service(request).body);
  };
  CHECK(answer("0")["results"][0]["uncertain"] == false);
  CHECK(answer("1")["results"][0]["uncertain"] == true);
  CHECK(answer("0.25")["threshold"] == 0.25);
  request.query = {};
  const Json plain = Json::parse(service(request).body);
  CHECK(plain["threshold"] == 0.5);
  CHECK(plain["results"][0]["uncertain"] == (plain["results"][0]["probability"] < 0.5));
  for (const char* bad : {"", "x", "-0.1", "1.1", "nan", "0.5 "}) {
    request.query = {{"threshold", bad}};
    check_problem(service(request), 400, "threshold=");
  }
}

TEST_CASE("every prediction is in the history under its id", "[server][api]") {
  Service service;
  const auto image = text_of(image_bytes("grey.png"));
  const Json body = Json::parse(
      service(form(kPredict, {{"file", "a.png", image}, {"file", "b.png", "garbage"}})).body);
  CHECK(body["recorded"] == true);
  CHECK_FALSE(body["results"][1].contains("prediction"));
  const auto record = service.app.store->predictions().find(body["results"][0]["prediction"]);
  REQUIRE(record);
  CHECK(record->file == "a.png");
  CHECK(record->source == "v1");
  CHECK(record->request_id == "test-id");
  CHECK(record->label == body["results"][0]["label"]);
  CHECK(record->image_sha256 == sha256_hex(image_bytes("grey.png")));
  CHECK(record->image_stored);
  service(form("/api/predict", {{"file", "c.png", image}}));
  const auto newest = service.app.store->predictions().newest({}, 10);
  REQUIRE(newest.size() == 2);  // an invalid file has no prediction
  CHECK(newest[0].source == "legacy");
}

TEST_CASE("the status has what the dashboard shows", "[server][api]") {
  Service service;
  const Json body = Json::parse(service(get("/api/v1/status")).body);
  CHECK(body["state"] == "ready");
  CHECK(body["you"] == "local");
  CHECK(body["uptime_seconds"] >= 0);
  CHECK(body["started"] <= body["time"]);
  CHECK(body["model"]["name"] == "tiny test");
  CHECK(body["model"]["version"] == "1");
  CHECK(body["model"]["weights_sha256"] == small_model()->classifier.weights_sha256());
  CHECK(body["queue"]["waiting"] == 0);
  CHECK(body["queue"]["limit"] == 2048);
  CHECK(body["history"]["unrecorded"] == 0);
  CHECK(body["memory_bytes"] > 1'000'000);
  CHECK(body["retraining"] == false);
  CHECK(body["threshold"] == 0.5);
  CHECK(body["limits"]["body_bytes"] == 32 << 20);
  CHECK(body["limits"]["upload_bytes"] == 256 << 20);
  CHECK(body["limits"]["image_pixels"] == 64'000'000);
  CHECK(body["limits"]["wait_seconds"] == 30);
  CHECK(body["limits"]["requests_per_second"].is_null());
  CHECK(body["limits"]["history_answers"] == 1'000'000);
  CHECK(body["limits"]["versions"] == 10);
  service.app.runtime->draining = true;
  Request status_request = get("/api/v1/status");
  status_request.actor = "predict";
  const Json later = Json::parse(service(status_request).body);
  CHECK(later["state"] == "draining");
  CHECK(later["you"] == "predict");
}

TEST_CASE("the event stream counts the predictions of all APIs", "[server][api]") {
  Service service;
  const auto stream = service.app.hub.subscribe("");
  const auto next = [&] {
    const auto heard = std::make_shared<std::promise<std::string>>();
    stream->next([heard](std::string bytes, bool) { heard->set_value(std::move(bytes)); });
    auto future = heard->get_future();
    REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    return future.get();
  };
  next();  // the retry time
  const auto image = text_of(image_bytes("grey.png"));
  service(form(kPredict, {{"file", "a.png", image}, {"file", "b.png", "garbage"}}));
  CHECK_THAT(next(), ContainsSubstring("event: predictions\ndata: {\"count\":1}\n"));
  service(form("/api/predict", {{"file", "c.png", image}}));
  CHECK_THAT(next(), ContainsSubstring("event: predictions\ndata: {\"count\":1}\n"));
}
