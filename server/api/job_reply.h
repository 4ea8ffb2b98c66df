#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/app/app.h"
#include "server/http/message.h"

namespace fovea::server {

// What `handler` answers, or the problem that it threw: a Refusal, a JobRefusal (with 409 the job
// in the way is named), an unknown version.
Reply with_job_problems(const Request& request, const std::function<Reply()>& handler);

// Has the job done and answers 202 with Location; the same job again for the same Idempotency-Key.
// Throws Refusal and JobRefusal.
Reply submit_job(const Request& request, App& app, const std::string& kind,
                 const nlohmann::ordered_json& options);

}  // namespace fovea::server
