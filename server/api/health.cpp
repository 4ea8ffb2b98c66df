#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/app/app.h"
#include "server/http/problem.h"

namespace fovea::server {

Reply show_alive(const Request&, App&) {
  return json_reply({{"status", "alive"}});
}

Reply show_ready(const Request&, App& app) {
  if (app.draining) throw HttpError(503, "the server is shutting down");
  return json_reply({{"status", "ready"}});
}

}  // namespace fovea::server
