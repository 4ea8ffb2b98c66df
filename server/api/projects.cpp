#include "server/app/projects.h"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "engine/data/image_source.h"
#include "server/api/audit.h"
#include "server/api/backbones.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/app/project_archive.h"
#include "server/http/problem.h"
#include "server/registry/manifest.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

constexpr std::ptrdiff_t kMaxTitle = 200;  // characters

Projects& projects_of(App& app) {
  if (!app.runtime->projects) throw HttpError(404, "this server has no projects");
  return *app.runtime->projects;
}

// For changes of the projects themselves.
void require_unrestricted(const Request& request) {
  if (request.only_project.empty()) return;
  throw HttpError(403, fmt::format("this token is restricted to the project \"{}\"; creating, "
                                   "renaming and deleting projects needs one without a project",
                                   request.only_project));
}

std::string name_of(const Request& request) {
  std::string name(find_field(request.params, "project").value_or(""));
  if (!request.may_use(name)) {
    throw HttpError(
        403, fmt::format("this token is restricted to the project \"{}\"", request.only_project));
  }
  return name;
}

// Throws HttpError 400 for a member that is not in the list.
Json read_members(const Request& request, std::initializer_list<const char*> known) {
  Json body = read_object(request);
  for (const auto& [name, value] : body.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw HttpError(400, fmt::format("unknown member \"{}\"", name.substr(0, 100)));
  }
  return body;
}

std::string read_title(const Json& body) {
  std::string title = read_text(body, "title");
  // The first byte of each character in UTF-8.
  const auto length = std::count_if(title.begin(), title.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  });
  if (length <= kMaxTitle) return title;
  throw HttpError(422,
                  fmt::format("the title has {} characters, the limit is {}", length, kMaxTitle));
}

// The accuracy in the manifest of a version: on test images if it is known.
Json accuracy_of(const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  const auto metrics = manifest.find("metrics");
  if (metrics == manifest.end() || !metrics->is_object()) return nullptr;
  for (const char* key : {"test_accuracy", "accuracy", "val_accuracy"}) {
    if (const auto found = metrics->find(key); found != metrics->end() && found->is_number()) {
      return *found;
    }
  }
  return nullptr;
}

Json model_json(App& app) {
  const auto served = app.model_or_null();
  if (!served) return nullptr;
  return {{"name", served->name},
          {"version", served->version},
          {"classes", served->classifier.classes().size()},
          {"accuracy", accuracy_of(app.registry.find(served->number))}};
}

Json project_json(App& app) {
  const AppOptions& options = app.options;
  const auto last = app.store->predictions().newest({}, 1, 0);
  Json json = {{"name", options.project}, {"title", ""}, {"state", "open"}};
  if (!app.is_default()) {
    const ProjectSettings settings = read_project(options.data_dir);
    const bool backbone = !settings.backbone.empty();
    json["title"] = settings.title;
    json[backbone ? "backbone" : "preset"] = backbone ? settings.backbone : settings.preset;
    json["created"] = iso_seconds(settings.created);
  }
  json["model"] = model_json(app);
  json["images"] = app.training.snapshot()->dataset.images().size();
  json["last_prediction"] = last.empty() ? Json() : Json(iso_time(last.front().time));
  json["retraining"] = app.jobs().retraining();
  json["url"] = app.api;
  return json;
}

Json broken_json(const std::string& name) {
  return {{"name", name}, {"title", ""}, {"state", "broken"}, {"url", api_of(name)}};
}

Json deleted_json(const DeletedProject& project) {
  return {{"name", project.name},
          {"deleted", iso_time(project.deleted)},
          {"purged_after", iso_time(project.deleted + kTrashTime)}};
}

Reply project_reply(App& app, const std::string& name, int status = 200) {
  return json_reply(project_json(*projects_of(app).find(name)), status);
}

Reply no_content() {
  Reply reply;
  reply.status = 204;
  return reply;
}

// On an error nothing of the project is left.
Reply create_from_archive(const Request& request, App& app) {
  const std::string name(find_field(request.query, "name").value_or(""));
  if (name.empty()) throw HttpError(400, "\"name\" is missing in the query");
  const auto archive = bytes_of(request.body);
  Projects& projects = projects_of(app);
  projects.create(name, reject_malformed(422, [&] { return read_archived_settings(archive); }));
  try {
    const Projects::Lease project = projects.find(name);
    reject_malformed(422, [&] { import_project(*project, archive, request.actor); });
  } catch (...) {
    projects.remove(name);
    projects.purge(name);
    throw;
  }
  audit(*app.store, request, "import project", "project " + name, Json::object());
  Reply reply = project_reply(app, name, 201);
  reply.fields.emplace_back("Location", api_of(name));
  return reply;
}

}  // namespace

Reply list_projects(const Request& request, App& app) {
  Projects& projects = projects_of(app);
  Json list = Json::array(), deleted = Json::array();
  for (const Projects::Lease& project : projects.all()) {
    if (!request.may_use(project->options.project)) continue;
    try {
      list.push_back(project_json(*project));
    } catch (const std::exception&) {
      // Another server may have deleted or renamed it; this one is notified within seconds.
      if (std::filesystem::exists(project->options.data_dir)) throw;
    }
  }
  for (const auto& [name, problem] : projects.broken()) {
    if (request.may_use(name)) list.push_back(broken_json(name));
  }
  for (const DeletedProject& project : projects.deleted()) {
    if (request.only_project.empty()) deleted.push_back(deleted_json(project));
  }
  return json_reply({{"projects", std::move(list)},
                     {"deleted", std::move(deleted)},
                     {"backbones", installed_backbones(app)}});
}

Reply create_project(const Request& request, App& app) {
  require_unrestricted(request);
  if (is_archive(bytes_of(request.body))) return create_from_archive(request, app);
  const Json body = read_members(request, {"name", "title", "preset", "backbone"});
  const std::string name = read_text(body, "name");
  if (name.empty()) throw HttpError(400, "\"name\" is missing");
  ProjectSettings settings;
  settings.title = read_title(body);
  if (body.contains("preset") && body.contains("backbone")) {
    throw HttpError(422, "give either \"preset\" or \"backbone\"");
  }
  if (body.contains("preset")) {
    settings.preset = read_text(body, "preset");
  } else if (body.contains("backbone")) {
    settings.backbone = read_text(body, "backbone");
    if (settings.backbone.empty()) throw HttpError(422, "\"backbone\" is empty");
  } else if (const auto installed = installed_backbones(app); !installed.empty()) {
    settings.backbone = installed.front();
  }
  if (!settings.backbone.empty()) settings.preset.clear();
  projects_of(app).create(name, settings);
  Json recipe = body;
  recipe.erase("name");
  audit(*app.store, request, "create project", "project " + name, recipe);
  Reply reply = project_reply(app, name, 201);
  reply.fields.emplace_back("Location", api_of(name));
  return reply;
}

Reply download_project(const Request&, App& app) {
  return download_reply("application/zip", app.options.project + ".zip", export_project(app));
}

Reply show_project(const Request& request, App& app) {
  return project_reply(app, name_of(request));
}

Reply change_project(const Request& request, App& app) {
  require_unrestricted(request);
  std::string name = name_of(request);
  const Json body = read_members(request, {"name", "title"});
  if (body.empty()) throw HttpError(400, "\"name\" or \"title\" is needed");
  Projects& projects = projects_of(app);
  projects.find(name);  // throws if it does not exist
  const std::string title = read_title(body), new_name = read_text(body, "name");
  if (body.contains("name") && new_name != name) {
    projects.rename(name, new_name);
    audit(*app.store, request, "rename project", "project " + name, {{"name", new_name}});
    name = new_name;
  }
  if (body.contains("title")) projects.set_title(name, title);
  return project_reply(app, name);
}

Reply delete_project(const Request& request, App& app) {
  require_unrestricted(request);
  const std::string name = name_of(request);
  projects_of(app).remove(name);
  audit(*app.store, request, "delete project", "project " + name, Json::object());
  return no_content();
}

Reply restore_project(const Request& request, App& app) {
  require_unrestricted(request);
  const std::string name = name_of(request);
  projects_of(app).restore(name);
  audit(*app.store, request, "restore project", "project " + name, Json::object());
  return project_reply(app, name);
}

Reply purge_project(const Request& request, App& app) {
  require_unrestricted(request);
  const std::string name = name_of(request);
  projects_of(app).purge(name);
  audit(*app.store, request, "purge project", "project " + name, Json::object());
  return no_content();
}

}  // namespace fovea::server
