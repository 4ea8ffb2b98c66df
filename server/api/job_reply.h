#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"

namespace fovea::server {

class App;

// Submits a job. The response is 202 with the job and its Location; the same job again for the same
// Idempotency-Key. Throws HttpError and JobRefusal.
Reply submit_job(const Request& request, App& app, const std::string& kind,
                 const nlohmann::ordered_json& options);

}  // namespace fovea::server
