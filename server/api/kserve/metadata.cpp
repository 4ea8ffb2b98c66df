#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/api/handlers.h"
#include "server/api/kserve/metadata.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

// The Open Inference Protocol, version 2: metadata, health and repository. infer.cpp has inference.
namespace fovea::server {

namespace {

// The projects that the sender may use, with an active model.
std::vector<V2Model> v2_models(const Request& request, App& app) {
  std::vector<Projects::Lease> projects{{std::shared_ptr<void>(), &app}};
  if (app.runtime->projects) projects = app.runtime->projects->all();
  std::vector<V2Model> models;
  for (const Projects::Lease& project : projects) {
    auto served = project->model_or_null();
    if (!served || !request.may_use(project->options.project)) continue;
    const std::string name = project->is_default() ? served->name : project->options.project;
    models.push_back({project, std::move(served), name});
  }
  return models;
}

}  // namespace

V2Model find_v2_model(const Request& request, App& app) {
  const auto name = find_field(request.params, "model").value_or("");
  std::vector<std::string> names;
  for (const V2Model& model : v2_models(request, app)) {
    names.push_back(model.name);
    if (model.name != name) continue;
    const auto version = find_field(request.params, "version");
    if (!version || *version == model.served->version) return model;
    throw HttpError(404, fmt::format("version {} of {} is not active; version {} is", *version,
                                     name, model.served->version));
  }
  throw HttpError(404, fmt::format("there is no model {}; the active model{} {}", name,
                                   names.size() == 1 ? " is" : "s are", join(names)));
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
  if (app.runtime->draining) throw HttpError(503, "the server is shutting down");
  return json_reply({{"live", true}, {"ready", true}});
}

Reply show_v2_model(const Request& request, App& app) {
  const V2Model model = find_v2_model(request, app);
  const auto& served = model.served;
  const auto classes = static_cast<std::int64_t>(served->classifier.classes().size());
  return json_reply({{"name", model.name},
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
  const V2Model model = find_v2_model(request, app);
  if (app.runtime->draining) throw HttpError(503, "the server is shutting down");
  return json_reply({{"name", model.name}, {"ready", true}, {"live", true}});
}

Reply list_v2_repository(const Request& request, App& app) {
  constexpr int kMaxVersions = 1000;
  Json rows = Json::array();
  for (const V2Model& model : v2_models(request, app)) {
    for (const StoredVersion& version : model.project->registry.newest(kMaxVersions)) {
      const bool active = version.number == model.served->number;
      rows.push_back({{"name", model.name},
                      {"version", std::to_string(version.number)},
                      {"state", active ? "READY" : "UNAVAILABLE"},
                      {"reason", active            ? ""
                                 : version.removed ? "the files were removed"
                                                   : "another version is active"}});
    }
  }
  return json_reply(rows);
}

// The active model is always loaded, and the protocol cannot select a version: only checks the
// name.
Reply load_v2_model(const Request& request, App& app) {
  find_v2_model(request, app);
  return json_reply(Json::object());
}

Reply unload_v2_model(const Request& request, App& app) {
  const V2Model model = find_v2_model(request, app);
  throw HttpError(
      400, fmt::format("{} version {} is active and cannot be unloaded; activate another version",
                       model.name, model.served->version));
}

}  // namespace fovea::server
