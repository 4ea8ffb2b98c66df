#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/image/bitmap.h"
#include "server/api/routes.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"
#include "tests/support/small_app.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::json;

namespace {

struct Service {
  Reply operator()(const std::string& verb, const std::string& path, std::string body = "",
                   Fields fields = {}) {
    Request request;
    request.verb = verb;
    request.path = path;
    request.body = std::move(body);
    request.fields = std::move(fields);
    return ask(router, app, std::move(request));
  }
  Json json(const std::string& verb, const std::string& path, const std::string& body = "") {
    const Reply reply = (*this)(verb, path, body);
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return Json::parse(reply.body);
  }
  void check_rejected(const Reply& reply, int status, const std::string& part) {
    INFO(reply.body);
    CHECK(reply.status == status);
    CHECK_THAT(Json::parse(reply.body)["error"].get<std::string>(), ContainsSubstring(part));
  }

  Router router = make_router();
  App app = make_app();
};

const std::string kModel = "/v2/models/tiny test";

// 8 x 8 different pixels, the input size of the network.
std::vector<std::uint8_t> pixels() {
  std::vector<std::uint8_t> values(8 * 8 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i * 37);
  return values;
}

Json image_input(const Json& data) {
  return {{"inputs",
           {{{"name", "image"}, {"datatype", "UINT8"}, {"shape", {1, 8, 8, 3}}, {"data", data}}}}};
}

}  // namespace

TEST_CASE("the protocol metadata describes the active model", "[server][api]") {
  Service service;
  CHECK(service.json("GET", "/v2")["name"] == "fovea");
  CHECK(service.json("GET", "/v2/health/live")["live"] == true);
  CHECK(service.json("GET", "/v2/health/ready")["ready"] == true);
  const Json model = service.json("GET", kModel);
  CHECK(model["name"] == "tiny test");
  CHECK(model["versions"] == Json({"1"}));
  CHECK(model["inputs"][0]["shape"] == Json({-1, -1, -1, 3}));
  CHECK(model["outputs"][0]["shape"] == Json({-1, 3}));
  CHECK(service.json("GET", kModel + "/versions/1") == model);
  CHECK(service.json("GET", kModel + "/versions/1/ready")["ready"] == true);
  service.check_rejected(service("GET", "/v2/models/other"), 404, "tiny test");
  service.check_rejected(service("GET", kModel + "/versions/2/ready"), 404, "version 2");
  service.app.runtime->draining = true;
  CHECK(service("GET", "/v2/health/ready").status == 503);
  CHECK(service("GET", "/v2/health/live").status == 200);
}

TEST_CASE("the repository lists the versions and the active one cannot be unloaded",
          "[server][api]") {
  Service service;
  const Json index = service.json("POST", "/v2/repository/index");
  REQUIRE(index.size() == 1);
  CHECK(index[0]["state"] == "READY");
  CHECK(service("POST", "/v2/repository/models/tiny test/load").status == 200);
  service.check_rejected(service("POST", "/v2/repository/models/x/load"), 404, "no model x");
  service.check_rejected(service("POST", "/v2/repository/models/tiny test/unload"), 400,
                         "is active and cannot be unloaded");
}

TEST_CASE("pixels in JSON and raw bytes and image files get the same prediction", "[server][api]") {
  Service service;
  const auto rgb = pixels();
  const auto file = encode_bitmap({8, 8, rgb});
  const Json expected =
      service.json("POST", "/api/v1/predict", {file.begin(), file.end()})["results"][0];
  Json nested = Json::array();
  for (std::size_t y = 0; y < 8; ++y) {
    nested.push_back(
        Json(std::vector<std::uint8_t>(rgb.begin() + y * 24, rgb.begin() + y * 24 + 24)));
  }
  const Json from_json = service.json("POST", kModel + "/infer", image_input(nested).dump());
  CHECK(from_json["model_version"] == "1");
  CHECK(from_json["outputs"][0]["shape"] == Json({1, 3}));
  const auto best = expected["index"].get<std::size_t>();
  CHECK(from_json["outputs"][0]["data"][best] == expected["probability"]);
  CHECK(from_json["outputs"][1]["data"][0] == expected["label"]);
  CHECK(from_json["outputs"][2]["data"][0] == 2);  // its id in the history

  Json binary = image_input(nullptr);
  binary["id"] = "7";
  binary["inputs"][0].erase("data");
  binary["inputs"][0]["parameters"] = {{"binary_data_size", rgb.size()}};
  binary["parameters"] = {{"binary_data_output", true}};
  const std::string head = binary.dump();
  const Reply reply = service("POST", kModel + "/infer", head + std::string(rgb.begin(), rgb.end()),
                              {{"Inference-Header-Content-Length", std::to_string(head.size())}});
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const std::size_t size =
      std::stoul(std::string(*find_field(reply.fields, "Inference-Header-Content-Length")));
  const Json response = Json::parse(reply.body.substr(0, size));
  CHECK(response["id"] == "7");
  CHECK(response["outputs"][0]["parameters"]["binary_data_size"] == 12);
  float probabilities[3];
  REQUIRE(reply.body.size() > size + sizeof probabilities);
  std::memcpy(probabilities, reply.body.data() + size, sizeof probabilities);
  CHECK(probabilities[best] == expected["probability"].get<float>());
}

TEST_CASE("a base64 image gets only the requested outputs", "[server][api]") {
  Service service;
  // A BMP of one blue pixel.
  const std::string blue =
      "Qk06AAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAQAAAATCwAAEwsAAAAAAAAAAAAA/wAAAA==";
  const Json infer_request = {
      {"inputs",
       {{{"name", "image_bytes"}, {"datatype", "BYTES"}, {"shape", {2}}, {"data", {blue, blue}}}}},
      {"outputs", {{{"name", "label"}}}}};
  const Json response = service.json("POST", kModel + "/infer", infer_request.dump());
  REQUIRE(response["outputs"].size() == 1);
  CHECK(response["outputs"][0]["datatype"] == "BYTES");
  CHECK(response["outputs"][0]["data"].size() == 2);
}

TEST_CASE("inconsistent inference requests are rejected with the reason", "[server][api]") {
  Service service;
  const std::string path = kModel + "/infer";
  const auto check_rejected = [&](const Json& body, const std::string& part) {
    service.check_rejected(service("POST", path, body.dump()), 400, part);
  };
  Json good = image_input(Json(pixels()));
  service.check_rejected(service("POST", path, "x"), 400, "JSON");
  service.check_rejected(service("POST", path, "{}", {{"Inference-Header-Content-Length", "9"}}),
                         400, "Inference-Header");
  service.check_rejected(service("POST", "/v2/models/x/infer", good.dump()), 404, "no model x");
  service.check_rejected(service("POST", path, std::string(9'000'000, '[')), 413, "8388608");
  service.check_rejected(service("POST", path, std::string(100'000, '[')), 400, "deeper than 16");
  check_rejected(Json::object(), "one input");
  Json bad = good;
  bad["inputs"][0]["shape"] = {1, 8, 9, 3};
  check_rejected(bad, "but its shape has 216");
  bad["inputs"][0]["shape"] = {2000000000, 2000000000, 2000000000, 3};
  check_rejected(bad, "limits");
  bad["inputs"][0]["shape"] = {-1, 8, 8, 3};
  check_rejected(bad, "invalid dimension");
  bad = good;
  bad["inputs"][0]["data"][5] = 256;
  check_rejected(bad, "0 to 255");
  bad = good;
  bad["inputs"][0]["datatype"] = "FP32";
  check_rejected(bad, "image of UINT8");
  bad = good;
  bad["outputs"] = {{{"name", "feelings"}}};
  check_rejected(bad, "feelings");
  bad = good;
  bad["inputs"][0]["parameters"] = {{"binary_data_size", 5}};
  check_rejected(bad, "binary_data_size");
  check_rejected(
      {{"inputs",
        {{{"name", "image_bytes"}, {"datatype", "BYTES"}, {"shape", {1}}, {"data", {"eA=="}}}}}},
      "image 0");
  CHECK(service.app.store->predictions().newest({}, 10).empty());
}
