#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"

namespace fovea::server {

class Store;

// Adds an entry to the audit log; its actor is that of the request.
void audit(Store& store, const Request& request, const std::string& action,
           const std::string& subject, const nlohmann::ordered_json& detail);

}  // namespace fovea::server
