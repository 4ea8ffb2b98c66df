#include <fstream>

#include <nlohmann/json.hpp>

#include "engine/model/model_file.h"
#include "server/api/routes.h"
#include "tests/support/catch.h"
#include "tests/support/small_app.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::ordered_json;

namespace {

const std::string kExport = "/api/v1/models/1/export";

std::string text_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

// A server whose page has a small template for HTML files.
struct Service {
  explicit Service(const std::string& page = "%FOVEA_TITLE% %FOVEA_FACTS% %FOVEA_MODEL%") {
    if (!page.empty()) std::ofstream(www.path() / "standalone.html") << page;
  }
  Reply operator()(Fields query, const std::string& path = kExport) {
    Request request;
    request.path = path;
    request.query = std::move(query);
    return ask(router, app, std::move(request));
  }
  Reply post(const std::string& path, const std::string& body) {
    Request request;
    request.verb = "POST";
    request.path = path;
    request.body = body;
    request.actor = "admin";
    return ask(router, app, std::move(request));
  }

  TemporaryFolder www, data;
  Router router = make_router();
  AppOptions options = [this] {
    AppOptions made;
    made.data_dir = data.path();
    return made;
  }();
  App app{options,
          [](Registry& registry) {
            registry.activate(registry.publish(small_model_file(), {}, nullptr, "test"), "test",
                              "");
          },
          make_runtime(options, StaticFiles(www.path()))};
};

void check_problem(const Reply& reply, int status, const char* part) {
  INFO(reply.body);
  CHECK(reply.status == status);
  CHECK(find_field(reply.fields, "Content-Type") == "application/problem+json");
  CHECK_THAT(reply.body, ContainsSubstring(part));
}

}  // namespace

TEST_CASE("a version is exported as one HTML file", "[server][api]") {
  Service service;
  const Reply reply = service({{"format", "html"}});
  REQUIRE(reply.status == 200);
  CHECK(find_field(reply.fields, "Content-Type") == "text/html; charset=utf-8");
  CHECK(find_field(reply.fields, "Content-Disposition") ==
        "attachment; filename=\"tiny_test-1.html\"");
  CHECK(find_field(reply.fields, "Cache-Control") == "no-store");
  const std::string html(reply.content());
  CHECK(html.starts_with("tiny test {\"title\":\"tiny test\",\"version\":\"1\""));
  CHECK_THAT(html, ContainsSubstring(weights_sha256(small_model_file())));
  const std::string full(service({{"format", "html"}, {"precision", "full"}}).content());
  CHECK(full.size() > html.size());
  CHECK(service({{"format", "html"}, {"precision", "half"}}, "/api/v1/models/champion/export")
            .content() == html);
}

TEST_CASE("a version is exported as ONNX and as a model file", "[server][api]") {
  Service service;
  const Reply onnx = service({{"format", "onnx"}});
  REQUIRE(onnx.status == 200);
  CHECK(find_field(onnx.fields, "Content-Disposition") ==
        "attachment; filename=\"tiny_test-1.onnx\"");
  CHECK_THAT(std::string(onnx.content()), ContainsSubstring("probabilities"));
  CHECK(service({{"format", "onnx"}, {"precision", "full"}}).content() == onnx.content());

  const Reply file = service({{"format", "safetensors"}});
  CHECK(file.content() == text_of(small_model_file()));
  CHECK(find_field(file.fields, "Content-Disposition") ==
        "attachment; filename=\"tiny_test-1.safetensors\"");
  CHECK(find_field(file.fields, "ETag").has_value());
  const Reply half = service({{"format", "safetensors"}, {"precision", "half"}});
  CHECK(half.content() == text_of(write_model(read_model(small_model_file()), true)));
}

TEST_CASE("simultaneous downloads of a file share its bytes", "[server][api]") {
  Service service;
  const std::string format = GENERATE("html", "onnx");
  const Reply first = service({{"format", format}});
  const Reply second = service({{"format", format}});
  CHECK(first.content().data() == second.content().data());
  CHECK(first.content() != service({{"format", "safetensors"}}).content());
}

TEST_CASE("invalid exports are rejected with the reason", "[server][api]") {
  Service service;
  check_problem(service({}), 400, "\\\"format\\\" is missing: html, onnx or safetensors");
  check_problem(service({{"format", "tflite"}}), 400, "\\\"format\\\" is \\\"tflite\\\"");
  check_problem(service({{"format", "html"}, {"precision", "int8"}}), 400,
                "\\\"precision\\\" is \\\"int8\\\"");
  check_problem(service({{"format", "onnx"}, {"precision", "half"}}), 400,
                "ONNX files have full precision only");
  check_problem(service({{"format", "html"}}, "/api/v1/models/9/export"), 404, "9");
  REQUIRE(service.post("/api/v1/models", text_of(small_model_file(6))).status == 201);
  service.app.registry.remove(2, "test");
  for (const char* format : {"html", "onnx", "safetensors"}) {
    check_problem(service({{"format", format}}, "/api/v1/models/2/export"), 410, "removed");
  }
}

TEST_CASE("a page without the engine exports no HTML file", "[server][api]") {
  Service without("");
  check_problem(without({{"format", "html"}}), 501, "built without the WebAssembly engine");
  CHECK(without({{"format", "onnx"}}).status == 200);
  Service broken("<p>not a template");
  check_problem(broken({{"format", "html"}}), 500, "a stored file is damaged");
}

TEST_CASE("a model that half precision would change is only exported in full precision",
          "[server][api]") {
  Service service;
  NetworkSpec spec{{1, 8, 8, 3}, {{GlobalAvgPoolSpec{}}, {DenseSpec{.out = 2, .bias = false}}}};
  Model model{Network(spec), {}, {"a", "b"}, 1.0f, {}};
  model.network.initialise(1);
  model.preprocess.size = 8;
  auto weights = model.network.params().front()->value.values();
  std::fill(weights.begin(), weights.end(), Scalar(0));
  weights[0] = 60'000;  // half precision has steps of 32 here
  weights[1] = 60'010;
  REQUIRE(service.post("/api/v1/models", text_of(write_model(model))).status == 201);
  const std::string path = "/api/v1/models/2/export";
  check_problem(service({{"format", "html"}}, path), 422, "export it in full precision");
  CHECK(service({{"format", "html"}, {"precision", "full"}}, path).status == 200);
}
