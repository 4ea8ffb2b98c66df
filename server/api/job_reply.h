#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/app/app.h"
#include "server/http/message.h"

namespace fovea::server {

// Has the job done and answers 202 with Location; the same job again for the same Idempotency-Key.
// Throws HttpError and JobRefusal.
Reply submit_job(const Request& request, App& app, const std::string& kind,
                 const nlohmann::ordered_json& options);

}  // namespace fovea::server
