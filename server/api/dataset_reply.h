#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/core/error.h"
#include "server/api/refusal.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/store/audit_log.h"

namespace fovea::server {

// Runs `make`; what it refuses, or finds wrong with what was sent, becomes a problem.
template <typename Make>
Reply with_dataset_problems(const Request& request, Make make) {
  try {
    return make();
  } catch (const Refusal& refusal) {
    return problem(request, refusal.status, refusal.what());
  } catch (const FormatError& error) {
    return problem(request, 422, error.what());
  } catch (const DatasetBusy&) {
    Reply reply = problem(request, 503, "an import is changing the training data; try again later");
    reply.fields.emplace_back("Retry-After", "5");
    return reply;
  }
}

// An entry of the audit log: who did it is the request's actor.
void audit_dataset(App& app, const Request& request, const std::string& action,
                   const std::string& subject, const nlohmann::ordered_json& detail);

}  // namespace fovea::server
