#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/store/prediction_store.h"

namespace fovea::server {

// Statistics as GET /api/v1/statistics shows them.
nlohmann::ordered_json statistics_json(const Statistics& statistics);

}  // namespace fovea::server
