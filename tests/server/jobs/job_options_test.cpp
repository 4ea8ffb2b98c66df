#include "engine/core/file.h"
#include "server/jobs/model_job_handler.h"
#include "tests/support/catch.h"

#include <nlohmann/json.hpp>

namespace fovea::tests {
namespace {

using namespace fovea::server;
using Json = nlohmann::ordered_json;

const Json& schemas() {
  static const Json schemas = [] {
    const auto load = [](const char* name) {
      const auto bytes = read_file(std::string(FOVEA_SOURCE_DIR "/server/api/openapi/") + name);
      return Json::parse(bytes.begin(), bytes.end())["components"]["schemas"];
    };
    Json all = load("about.json");
    for (const char* name : {"evaluations.json", "jobs.json"}) all.update(load(name));
    return all;
  }();
  return schemas;
}

const Json& resolved(const Json& schema) {
  if (!schema.contains("$ref")) return schema;
  const auto path = schema["$ref"].get<std::string>();
  return schemas().at(path.substr(path.rfind('/') + 1));
}

bool accepts(const std::string& kind, const Json& options) {
  try {
    check_job_options(kind, options);
    return true;
  } catch (const JobRefusal& refusal) {
    CHECK(refusal.status == 422);
    return false;
  }
}

// Checks that an option accepts exactly the values of its schema. `with` returns the options of a
// job with this value.
void check_option(const std::string& kind, const Json& schema,
                  const std::function<Json(const Json&)>& with) {
  if (schema.contains("enum")) {
    for (const Json& value : schema["enum"]) CHECK(accepts(kind, with(value)));
    CHECK_FALSE(accepts(kind, with("other")));
    CHECK_FALSE(accepts(kind, with(1)));
    return;
  }
  if (schema["type"] == "boolean") {
    CHECK(accepts(kind, with(true)));
    CHECK(accepts(kind, with(false)));
    CHECK_FALSE(accepts(kind, with("yes")));
    CHECK_FALSE(accepts(kind, with(1)));
    return;
  }
  const Json &low = schema.at("minimum"), &high = schema.at("maximum");
  const bool whole = schema["type"] == "integer";
  CHECK(accepts(kind, with(low)));
  CHECK(accepts(kind, with(high)));
  if (whole) {
    CHECK_FALSE(accepts(kind, with(low.get<std::int64_t>() - 1)));
    CHECK_FALSE(accepts(kind, with(high.get<std::int64_t>() + 1)));
    CHECK_FALSE(accepts(kind, with(low.get<double>() + 0.5)));
  } else {
    CHECK_FALSE(accepts(kind, with(0.9 * low.get<double>() - 1e-9)));
    CHECK_FALSE(accepts(kind, with(1.1 * high.get<double>())));
  }
  CHECK_FALSE(accepts(kind, with("1")));
}

TEST_CASE("job options accept exactly the values in the OpenAPI document", "[server][jobs]") {
  const std::pair<const char*, const char*> kinds[] = {
      {"retrain", "RetrainRequest"}, {"evaluate", "EvaluateRequest"}, {"import", "ImportRequest"}};
  int checked = 0;
  for (const auto& [kind, name] : kinds) {
    const Json& request = schemas().at(name);
    Json required = Json::object();  // with a valid value
    if (kind == std::string("evaluate")) required["version"] = 1;
    if (kind == std::string("import")) required["source"] = "cifar10";
    CHECK(accepts(kind, required));
    for (const auto& [option, schema] : request["properties"].items()) {
      if (option == "kind" || option == "gate") continue;
      INFO(kind << " " << option);
      check_option(kind, resolved(schema), [&, name = option](const Json& value) {
        Json options = required;
        options[name] = value;
        return options;
      });
      ++checked;
    }
    CHECK_FALSE(accepts(kind, {{"unknown", 1}}));
  }
  for (const auto& [option, schema] : schemas().at("GateOptions")["properties"].items()) {
    INFO("gate " << option);
    check_option("retrain", resolved(schema), [name = option](const Json& value) {
      return Json({{"gate", {{name, value}}}});
    });
    ++checked;
  }
  CHECK(checked >= 20);
  CHECK_FALSE(accepts("evaluate", Json::object()));
  CHECK_FALSE(accepts("import", Json::object()));
}

TEST_CASE("rejected job options are named with their allowed values", "[server][jobs]") {
  const auto refusal = [](const char* kind, const Json& options) -> std::string {
    try {
      check_job_options(kind, options);
    } catch (const JobRefusal& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(refusal("retrain", {{"epochs", 0}}) ==
        "\"epochs\" cannot be 0: expected a whole number from 1 to 1000");
  CHECK(refusal("retrain", {{"mode", "slow"}}) ==
        "\"mode\" cannot be \"slow\": expected auto, full or frozen");
  CHECK(refusal("retrain", {{"sleep", 1}}) == "unknown option \"sleep\"");
  CHECK(refusal("retrain", {{"gate", 3}}) == "\"gate\" cannot be 3: expected an object");
  CHECK(refusal("retrain", {{"gate", {{"alpha", 2}}}}) ==
        "gate: \"alpha\" cannot be 2: expected a number from 0 to 1");
  CHECK(refusal("evaluate", Json::object()) == "\"version\" is missing");
  CHECK(refusal("dance", Json::object()) ==
        "\"kind\" cannot be \"dance\": expected retrain, evaluate or import");
}

}  // namespace
}  // namespace fovea::tests
