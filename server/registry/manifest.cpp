#include "server/registry/manifest.h"

#include <cmath>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/model/json.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr std::size_t kMaxText = 1 << 20;       // bytes
constexpr double kTemperatureTolerance = 1e-4;  // relative; decimal text compared with a float

void copy_text(const Provenance& provenance, const char* key, Json& manifest) {
  const auto found = provenance.find(key);
  if (found != provenance.end() && !found->second.empty() && !manifest.contains(key)) {
    manifest[key] = found->second;
  }
}

void set_classes(const Model& model, Json& manifest) {
  if (manifest.contains("classes") && manifest["classes"] != Json(model.classes)) {
    throw FormatError("manifest: its classes differ from those of the model file");
  }
  manifest["classes"] = model.classes;
}

void set_temperature(const Model& model, Json& manifest) {
  Json& calibration = manifest["calibration"];
  if (calibration.is_null()) calibration = Json::object();
  if (!calibration.is_object()) throw FormatError("manifest: \"calibration\" is not an object");
  const double own = model.temperature;
  if (calibration.contains("temperature")) {
    const Json& stated = calibration["temperature"];
    if (!stated.is_number() || std::abs(stated.get<double>() - own) > kTemperatureTolerance * own) {
      throw FormatError(fmt::format(
          "manifest: its temperature {} differs from {} in the model file", stated.dump(), own));
    }
  }
  calibration["temperature"] = own;
}

void check_name(const std::string& name) {
  if (name.size() > kMaxNameBytes) {
    throw FormatError(fmt::format("manifest: the name has {} bytes; at most {} are allowed",
                                  name.size(), kMaxNameBytes));
  }
  if (!is_plain_text(name)) {
    throw FormatError("manifest: the name has control characters or bad UTF-8");
  }
}

}  // namespace

Json complete_manifest(const Model& model, const Json& partial) {
  Json manifest = partial.is_null() ? Json::object() : partial;
  if (!manifest.is_object()) throw FormatError("manifest: not a JSON object");
  if (manifest.contains("name") && !manifest["name"].is_string()) {
    throw FormatError("manifest: \"name\" is not a string");
  }
  // Not "parent": the model file names it by its weights; the version number is known to a job.
  for (const char* key : {"name", "data", "data_revision", "recipe", "created"}) {
    copy_text(model.provenance, key, manifest);
  }
  if (!manifest.contains("name") || manifest["name"] == "") manifest["name"] = "model";
  check_name(manifest["name"].get<std::string>());
  if (!manifest.contains("metrics")) {
    Json metrics = read_metrics(model.provenance);
    if (metrics.is_object()) manifest["metrics"] = std::move(metrics);
  }
  set_classes(model, manifest);
  set_temperature(model, manifest);
  manifest["parameters"] = model.network.parameter_count();
  const std::size_t size = manifest.dump(-1, ' ', false, Json::error_handler_t::replace).size();
  if (size > kMaxText) {
    throw FormatError(fmt::format("manifest: {} bytes exceed the limit of {}", size, kMaxText));
  }
  return manifest;
}

Json read_metrics(const Provenance& provenance) {
  const auto found = provenance.find("metrics");
  if (found == provenance.end()) return Json(Json::value_t::discarded);
  bool deep = false;
  Json parsed = Json::parse(
      found->second,
      [&deep](int depth, Json::parse_event_t, Json&) { return !(deep |= depth > 16); }, false);
  return deep ? Json(Json::value_t::discarded) : parsed;
}

Json parse_manifest(const std::string& text) {
  Json manifest = Json::parse(text, nullptr, false);
  if (!manifest.is_object()) throw FormatError("manifest: not a JSON object");
  return manifest;
}

}  // namespace fovea::server
