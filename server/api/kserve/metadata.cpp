#include <fmt/core.h>

#include "server/api/handlers.h"
#include "server/api/kserve/metadata.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

// The Open Inference Protocol, version 2: metadata, health and repository. infer.cpp has inference.
namespace fovea::server {

std::shared_ptr<const ServedModel> active_v2_model(const Request& request, const App& app) {
  auto served = app.model();
  const auto name = find_field(request.params, "model").value_or("");
  if (name != served->name) {
    throw HttpError(
        404, fmt::format("there is no model {}; the active model is {}", name, served->name));
  }
  const auto version = find_field(request.params, "version");
  if (version && *version != served->version) {
    throw HttpError(404, fmt::format("version {} of {} is not active; version {} is", *version,
                                     served->name, served->version));
  }
  return served;
}

Reply show_v2_server(const Request&, App&) {
  return json_reply({{"name", "fovea"},
                     {"version", FOVEA_VERSION},
                     {"extensions", {"model_repository", "binary_tensor_data"}}});
}

Reply show_v2_alive(const Request&, App&) {
  return json_reply({{"live", true}});
}

Reply show_v2_ready(const Request&, App& app) {
  if (app.draining) throw HttpError(503, "the server is shutting down");
  return json_reply({{"live", true}, {"ready", true}});
}

Reply show_v2_model(const Request& request, App& app) {
  const auto served = active_v2_model(request, app);
  const auto classes = static_cast<std::int64_t>(served->classifier.classes().size());
  return json_reply({{"name", served->name},
                     {"versions", {served->version}},
                     {"platform", "fovea_cnn"},
                     {"inputs",
                      {{{"name", "image"}, {"datatype", "UINT8"}, {"shape", {-1, -1, -1, 3}}},
                       {{"name", "image_bytes"}, {"datatype", "BYTES"}, {"shape", {-1}}}}},
                     {"outputs",
                      {{{"name", "probabilities"}, {"datatype", "FP32"}, {"shape", {-1, classes}}},
                       {{"name", "label"}, {"datatype", "BYTES"}, {"shape", {-1}}},
                       {{"name", "prediction"}, {"datatype", "INT64"}, {"shape", {-1}}}}}});
}

Reply show_v2_model_ready(const Request& request, App& app) {
  const auto served = active_v2_model(request, app);
  if (app.draining) throw HttpError(503, "the server is shutting down");
  return json_reply({{"name", served->name}, {"ready", true}, {"live", true}});
}

Reply list_v2_repository(const Request&, App& app) {
  constexpr int kMaxVersions = 1000;
  const auto served = app.model();
  Json rows = Json::array();
  for (const StoredVersion& version : app.registry.newest(kMaxVersions)) {
    const bool active = version.number == served->number;
    rows.push_back({{"name", served->name},
                    {"version", std::to_string(version.number)},
                    {"state", active ? "READY" : "UNAVAILABLE"},
                    {"reason", active            ? ""
                               : version.removed ? "the files were removed"
                                                 : "another version is active"}});
  }
  return json_reply(rows);
}

// The active model is always loaded, and the protocol cannot select a version: only checks the
// name.
Reply load_v2_model(const Request& request, App& app) {
  active_v2_model(request, app);
  return json_reply(Json::object());
}

Reply unload_v2_model(const Request& request, App& app) {
  const auto served = active_v2_model(request, app);
  throw HttpError(
      400, fmt::format("{} version {} is active and cannot be unloaded; activate another version",
                       served->name, served->version));
}

}  // namespace fovea::server
