#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/model/model.h"

namespace fovea::server {

// The manifest describes a version: a JSON object that is stored with it and never changes. Keys:
//   name, classes, calibration {temperature, ...}, parameters     always present
//   parent (number of the version it was trained from), job (number), data, data_revision, recipe,
//   created (ISO 8601), metrics (object)                          optional
// Other keys are stored as given.

// Returns `partial` plus the keys that it lacks, taken from the model file. Throws FormatError if
// `partial` is not an object, exceeds 1 MiB, or contradicts the model's classes or temperature.
nlohmann::ordered_json complete_manifest(const Model& model, const nlohmann::ordered_json& partial);

// The provenance entry `metrics` parsed as JSON; discarded if it is missing, malformed or nested
// deeper than 16 levels.
nlohmann::ordered_json read_metrics(const Provenance& provenance);

// Parses a stored manifest. Throws FormatError if it is not a JSON object.
nlohmann::ordered_json parse_manifest(const std::string& text);

}  // namespace fovea::server
