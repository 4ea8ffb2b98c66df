#include <nlohmann/json.hpp>

#include "server/api/routes.h"
#include "server/store/audit_log.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"
#include "tests/support/stored_registry.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::ordered_json;

namespace {

std::string text_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

struct Service {
  Router router = make_router();
  App app = make_app();
  Reply operator()(const std::string& verb, const std::string& path, std::string body = "",
                   Fields query = {}) {
    Request request;
    request.verb = verb;
    request.path = path;
    request.query = std::move(query);
    request.body = std::move(body);
    request.actor = "admin";
    return ask(router, app, std::move(request));
  }
  Json json(const std::string& verb, const std::string& path, const std::string& body = "") {
    const Reply reply = (*this)(verb, path, body);
    INFO(reply.body);
    REQUIRE(reply.status / 100 == 2);
    return Json::parse(reply.body);
  }
};

const std::string kModels = "/api/v1/models";

}  // namespace

TEST_CASE("an uploaded model becomes a version that can be activated and rolled back",
          "[server][api]") {
  Service service;
  const Reply uploaded = service("POST", kModels, text_of(small_model_file(6)));
  REQUIRE(uploaded.status == 201);
  CHECK(find_field(uploaded.fields, "Location") == "/api/v1/models/2");
  CHECK(Json::parse(uploaded.body)["aliases"].empty());
  CHECK(service.app.model()->number == 1);

  const Json active = service.json("POST", kModels + "/2/activate", R"({"reason": "it is new"})");
  CHECK(active["version"] == "2");
  CHECK(active["aliases"] == Json({"champion"}));
  const Json answer = service.json("POST", "/api/v1/predict", text_of(image_bytes("grey.png")));
  CHECK(answer["version"] == "2");
  CHECK(answer["weights_sha256"] == weights_sha256(small_model_file(6)));
  CHECK(service.json("GET", "/api/v1/model")["version"] == "2");

  CHECK(service.json("POST", kModels + "/rollback", R"({"reason": "worse"})")["number"] == 1);
  const Json audit = service.json("GET", "/api/v1/audit")["entries"];
  CHECK(audit[0]["action"] == "rollback");
  CHECK(audit[0]["actor"] == "admin");
  CHECK(audit[0]["detail"]["reason"] == "worse");
  CHECK(audit[1]["action"] == "activate");
  CHECK(audit[1]["subject"] == "version 2");
  CHECK(audit[1]["detail"] == Json({{"from", 1}, {"reason", "it is new"}}));
}

TEST_CASE("a form uploads a model with its feature statistics", "[server][api]") {
  Service service;
  const auto model = small_model_file(6);
  const auto form = [](const std::string& name, const std::vector<std::uint8_t>& bytes) {
    return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x\"\r\n\r\n" +
           text_of(bytes) + "\r\n";
  };
  Request request;
  request.verb = "POST";
  request.path = kModels;
  request.fields = {{"Content-Type", "multipart/form-data; boundary=B"}};
  request.body = form("model", model) + form("features", features_of(model)) + "--B--\r\n";
  REQUIRE(ask(service.router, service.app, request).status == 201);
  CHECK(service.json("GET", kModels + "/2")["features"] == true);
  CHECK(service("GET", kModels + "/2/features").content() == text_of(features_of(model)));
  CHECK(service("GET", kModels + "/1/features").status == 404);

  request.body = form("other", model) + "--B--\r\n";
  CHECK(ask(service.router, service.app, request).status == 400);
  request.body =
      form("model", model) + form("features", features_of(small_model_file(7))) + "--B--\r\n";
  CHECK(ask(service.router, service.app, request).status == 422);
}

TEST_CASE("versions are listed in pages with their aliases", "[server][api]") {
  Service service;
  for (int seed = 11; seed <= 14; ++seed) {
    REQUIRE(service("POST", kModels, text_of(small_model_file(seed))).status == 201);
  }
  service.json("PUT", kModels + "/aliases/challenger", R"({"version": 4})");
  const Json first = Json::parse(service("GET", kModels, "", {{"limit", "2"}}).body);
  CHECK(first["total"] == 5);
  CHECK(first["aliases"] == Json({{"challenger", 4}, {"champion", 1}}));
  REQUIRE(first["versions"].size() == 2);
  CHECK(first["versions"][0]["number"] == 5);
  CHECK(first["versions"][1]["aliases"] == Json({"challenger"}));
  CHECK(first["versions"][1]["metrics"]["accuracy"] == 0.5);
  CHECK(first["versions"][1]["classes"] == 3);
  CHECK(first["next"] == "/api/v1/models?limit=2&before=4");
  const Json last =
      Json::parse(service("GET", kModels, "", {{"limit", "3"}, {"before", "4"}}).body);
  CHECK(last["versions"].size() == 3);
  CHECK_FALSE(last.contains("next"));
  CHECK(service.json("GET", kModels + "/champion")["manifest"]["classes"].size() == 3);
  CHECK(service("DELETE", kModels + "/aliases/challenger").status == 204);
  CHECK(service("GET", kModels + "/challenger").status == 404);
}

TEST_CASE("the files of a version can be downloaded until they are removed", "[server][api]") {
  Service service;
  REQUIRE(service("POST", kModels, text_of(small_model_file(6))).status == 201);
  const Reply weights = service("GET", kModels + "/2/weights");
  CHECK(weights.content() == text_of(small_model_file(6)));
  CHECK(find_field(weights.fields, "Content-Disposition") ==
        "attachment; filename=\"tiny_test-2.safetensors\"");
  CHECK(service("GET", kModels + "/champion/weights").content() == text_of(small_model_file()));
  Request again;
  again.path = kModels + "/2/weights";
  again.fields = {{"If-None-Match", std::string(*find_field(weights.fields, "ETag"))}};
  CHECK(ask(service.router, service.app, again).status == 304);

  CHECK(service("DELETE", kModels + "/1").status == 409);
  CHECK(service("DELETE", kModels + "/2").status == 204);
  CHECK(service("DELETE", kModels + "/2").status == 409);
  const Reply gone = service("GET", kModels + "/2/weights");
  CHECK(gone.status == 410);
  CHECK(Json::parse(gone.body)["title"] == "Gone");
  CHECK(service("POST", kModels + "/2/activate").status == 409);
  CHECK(service.json("GET", kModels + "/2").contains("removed"));
}

TEST_CASE("invalid operations on a version are rejected with the reason", "[server][api]") {
  Service service;
  const auto check_rejected = [&](int status, const char* part, const Reply& reply) {
    INFO(reply.body);
    CHECK(reply.status == status);
    CHECK(find_field(reply.fields, "Content-Type") == "application/problem+json");
    CHECK_THAT(reply.body, ContainsSubstring(part));
  };
  check_rejected(404, "version 9 does not exist", service("GET", kModels + "/9"));
  check_rejected(404, "give its number", service("POST", kModels + "/latest/activate"));
  check_rejected(409, "no previous", service("POST", kModels + "/rollback"));
  check_rejected(400, "JSON object", service("POST", kModels + "/1/activate", "[1]"));
  check_rejected(400, "reason", service("POST", kModels + "/1/activate", R"({"reason": 3})"));
  check_rejected(
      400, "limit",
      service("POST", kModels + "/1/activate", R"({"reason": ")" + std::string(2000, 'x') + "\"}"));
  check_rejected(400, "no body", service("POST", kModels));
  check_rejected(422, "model file", service("POST", kModels, "garbage"));
  check_rejected(400, "version", service("PUT", kModels + "/aliases/challenger"));
  check_rejected(409, "champion",
                 service("PUT", kModels + "/aliases/challenger", R"({"version": 1})"));
  check_rejected(400, "limit=0", service("GET", kModels, "", {{"limit", "0"}}));
  check_rejected(400, "before=x", service("GET", "/api/v1/audit", "", {{"before", "x"}}));

  damage(service.app.registry.model_path(service.app.registry.find(
      service.app.registry.publish(small_model_file(6), {}, nullptr, "test"))));
  check_rejected(500, "damaged", service("POST", kModels + "/2/activate"));
  CHECK(service.app.model()->number == 1);
}
