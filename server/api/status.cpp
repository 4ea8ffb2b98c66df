
#include "engine/image/decode.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

// The limits that matter in daily use; docs/operations.md lists all of them.
Json limits_json(const AppOptions& options) {
  return {{"body_bytes", options.max_body},
          {"upload_bytes", kUploadBody},
          {"image_pixels", DecodeLimits().max_pixels},
          {"wait_seconds", std::chrono::duration<double>(options.deadline).count()},
          {"requests_per_second", options.rate_limit > 0 ? Json(options.rate_limit) : Json()},
          {"history_answers", options.history.max_rows},
          {"history_image_bytes", options.history.max_image_bytes},
          {"versions", options.registry.keep}};
}

}  // namespace

// Polled every few seconds, so it must not read from disk or wait for a lock that is held long.
Reply show_status(const Request& request, App& app) {
  const auto served = app.model();
  const auto memory = resident_bytes();
  Json body = {{"program", FOVEA_VERSION},
               {"state", app.draining ? "draining" : "ready"},
               {"you", request.actor},
               {"time", iso_time(std::chrono::system_clock::now())},
               {"started", iso_time(app.started)},
               {"uptime_seconds", seconds_since(app.started)}};
  body["model"] = {{"name", served->name},
                   {"version", served->version},
                   {"weights_sha256", served->classifier.weights_sha256()}};
  body["queue"] = {{"waiting", app.batcher.waiting()},
                   {"limit", app.options.max_queue},
                   {"threads", app.options.inference_threads}};
  body["history"] = {{"waiting", app.recorder.waiting()},
                     {"unrecorded", app.recorder.unrecorded()}};
  body["memory_bytes"] = memory ? Json(*memory) : Json();
  body["retraining"] = app.jobs().retraining();
  body["threshold"] = app.options.threshold;
  body["limits"] = limits_json(app.options);
  return json_reply(body);
}

}  // namespace fovea::server
