#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/model/model.h"

namespace fovea::server {

// What is known of a version, a JSON object that is stored with it and never changes. Keys in use:
// name, parent (number of the version it was trained from), data, data_revision, recipe, created
// (ISO 8601), job (number), metrics (object), calibration {temperature, ...}, classes, parameters.
// Others are kept as given. All may be missing but name, calibration, classes and parameters.

// The given keys and, for those not given, what the model file itself says. Throws FormatError when
// `given` is no object, is above 1 MiB, or has other classes or another temperature than the model.
nlohmann::ordered_json complete_manifest(const Model& model, const nlohmann::ordered_json& given);

// The provenance's `metrics` text as JSON; discarded when there is none, or it is nested as no
// report is.
nlohmann::ordered_json read_metrics(const Provenance& provenance);

// A stored manifest's text. Throws FormatError when it is no object.
nlohmann::ordered_json parse_manifest(const std::string& text);

}  // namespace fovea::server
