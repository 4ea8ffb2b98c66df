#pragma once

#include <nlohmann/json.hpp>

namespace fovea::server {

// The JSON type of the server: members keep the order in which they were added.
using Json = nlohmann::ordered_json;

}  // namespace fovea::server
