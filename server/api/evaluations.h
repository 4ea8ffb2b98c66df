#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/app.h"

namespace fovea::server {

// The evaluation in the version's feature bundle, as it is written there; discarded when there is
// none. Throws FormatError for a damaged file.
nlohmann::ordered_json stored_with_model(App& app, const StoredVersion& version);

// "/api/v1/models/2/evaluations"
std::string evaluations_url(int version);

}  // namespace fovea::server
