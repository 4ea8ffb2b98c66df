#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/jobs/job_protocol.h"
#include "server/store/job_store.h"

namespace fovea::server {

// A request concerning a job cannot be fulfilled. `status` is the HTTP status of the response: 404
// no such job, 409 wrong state or another job is running, 422 invalid options or idempotency key,
// 503 shutting down or queue full, 507 not enough memory or disk space.
class JobRefusal : public std::runtime_error {
 public:
  JobRefusal(int code, const std::string& text, std::int64_t job = 0)
      : std::runtime_error(text), status(code), conflicting_job(job) {}
  const int status;
  const std::int64_t conflicting_job;  // with 409: the job that is queued or running; 0: none
};

// Prepares jobs and applies their results. Called on any thread; prepare() and finish() are
// serialised.
class JobHandler {
 public:
  virtual ~JobHandler() = default;
  // Checks the options and returns the job's specification without kind, id and threads. Throws
  // JobRefusal 422 or 507.
  virtual JobSpec prepare(const std::string& kind, const nlohmann::ordered_json& options) = 0;
  // A human-readable preview of what such a job would do now. Throws JobRefusal as prepare() does,
  // except for insufficient memory or disk space, which the preview reports.
  virtual nlohmann::ordered_json plan(const std::string& kind,
                                      const nlohmann::ordered_json& options) = 0;
  // Applies the worker's result (publishes a version, stores an evaluation) and returns the result
  // of the job. Idempotent: called again after a crash. An exception fails the job.
  virtual nlohmann::ordered_json finish(const Job& job, const std::filesystem::path& folder,
                                        const nlohmann::ordered_json& result) = 0;
};

}  // namespace fovea::server
