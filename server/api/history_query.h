#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

// The filter in the query: label, version, from, to, uncertain, min_probability, max_probability,
// labelled, search. Throws HttpError 400 that names the parameter.
PredictionFilter read_filter(const Request& request);

// A prediction in the format of the API.
nlohmann::ordered_json prediction_json(const PredictionRecord& record);

// The id in the path. Throws HttpError 404 if it is not a number.
std::int64_t read_id(const Request& request);

}  // namespace fovea::server
