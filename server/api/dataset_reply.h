#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/core/error.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/store/audit_log.h"

namespace fovea::server {

// An entry of the audit log: who did it is the request's actor.
void audit_dataset(App& app, const Request& request, const std::string& action,
                   const std::string& subject, const nlohmann::ordered_json& detail);

}  // namespace fovea::server
