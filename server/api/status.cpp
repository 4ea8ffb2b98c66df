
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

// Null while the database is unavailable.
Json retraining(App& app) {
  try {
    return app.jobs().retraining();
  } catch (const StoreUnavailable&) {
    return nullptr;
  }
}

}  // namespace

// Polled every few seconds, so it must not read from disk or wait for a lock that is held long.
Reply show_status(const Request& request, App& app) {
  const auto served = app.model_or_null();
  const auto memory = resident_bytes();
  Json body = {{"program", FOVEA_VERSION},
               {"state", app.runtime->draining ? "draining" : "ready"},
               {"instance", app.options.instance},
               {"project", app.options.project},
               {"you", request.actor},
               {"time", iso_time(std::chrono::system_clock::now())},
               {"started", iso_time(app.runtime->started)},
               {"uptime_seconds", seconds_since(app.runtime->running_since)}};
  body["model"] = served ? Json{{"name", served->name},
                                {"version", served->version},
                                {"weights_sha256", served->classifier.weights_sha256()}}
                         : Json();
  body["queue"] = {{"waiting", app.runtime->batcher.waiting()},
                   {"limit", app.options.max_queue},
                   {"threads", app.options.inference_threads}};
  body["history"] = {{"waiting", app.recorder.waiting()},
                     {"backlog", app.recorder.backlog()},
                     {"unrecorded", app.recorder.unrecorded()}};
  body["database"] = app.store->health().available ? "available" : "unavailable";
  body["memory_bytes"] = memory ? Json(*memory) : Json();
  body["retraining"] = retraining(app);
  body["threshold"] = app.options.threshold;
  body["limits"] = limits_json(app.options);
  return json_reply(body);
}

}  // namespace fovea::server
