#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/time.h"

namespace fovea::server {

Reply show_alive(const Request&, App&) {
  return json_reply({{"status", "alive"}});
}

Reply show_ready(const Request&, App& app) {
  if (app.runtime->draining) throw HttpError(503, "the server is shutting down");
  // Predictions do not need the database, so the server stays ready without it.
  const StoreHealth health = app.store->health();
  if (health.available) return json_reply({{"status", "ready"}, {"database", "available"}});
  return json_reply({{"status", "ready"},
                     {"database", "unavailable"},
                     {"database_unavailable_since", iso_time(health.since)},
                     {"history_backlog", app.recorder.backlog()}});
}

}  // namespace fovea::server
