#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

// The filter that a request's query names: label, version, from, to, uncertain, min_probability,
// max_probability, labelled, search. Throws HttpError naming the parameter.
PredictionFilter read_filter(const Request& request);

// A prediction as the API shows it.
nlohmann::ordered_json prediction_json(const PredictionRecord& record);

// The id in the path. Throws HttpError (404) when it is no number.
std::int64_t read_id(const Request& request);

}  // namespace fovea::server
