#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "server/app/app.h"
#include "server/http/problem.h"

namespace fovea::server {

// The evaluation in the version's feature bundle, as it is written there; discarded when there is
// none. Throws FormatError for a damaged file.
nlohmann::ordered_json stored_with_model(App& app, const StoredVersion& version);

// The id of the one that came with the version.
inline constexpr const char* kOfModel = "model";

// The version's evaluation with this number, whole. Throws HttpError(404) when it has none.
Evaluation numbered_evaluation(App& app, const StoredVersion& version, const std::string& id);
// What both say who look for one that is not there.
HttpError no_evaluation(const StoredVersion& version, const std::string& id);

// "/api/v1/models/2/evaluations"
std::string evaluations_url(int version);

}  // namespace fovea::server
