#include <limits>

#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/version_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

const std::string& version_of(const Request& request) {
  return request.params.at(0).second;
}

// What a change of the version in service answers.
Reply version_reply(App& app, int number) {
  return json_reply(whole_version_json(app.registry.find(number), app.registry.aliases()));
}

}  // namespace

Reply list_models(const Request& request, App& app) {
  const auto limit = static_cast<int>(read_number(request, "limit", 1, 100, 20));
  const auto before =
      static_cast<int>(read_number(request, "before", 1, std::numeric_limits<int>::max(), 0));
  const Aliases aliases = app.registry.aliases();
  const auto versions = app.registry.newest(limit, before);
  Json list = Json::array();
  for (const StoredVersion& version : versions) list.push_back(version_json(version, aliases));
  Json body = {{"total", app.registry.count()}, {"aliases", aliases}, {"versions", list}};
  if (versions.size() == static_cast<std::size_t>(limit) && versions.back().number > 1) {
    body["next"] = "/api/v1/models?limit=" + std::to_string(limit) +
                   "&before=" + std::to_string(versions.back().number);
  }
  return json_reply(body);
}

Reply show_version(const Request& request, App& app) {
  const StoredVersion version = app.registry.find(version_of(request));
  return json_reply(whole_version_json(version, app.registry.aliases()));
}

Reply activate_version(const Request& request, App& app) {
  const std::string reason = read_text(read_object(request), "reason");
  const int number = app.registry.find(version_of(request)).number;
  app.registry.activate(number, request.actor, reason);
  return version_reply(app, number);
}

Reply roll_back(const Request& request, App& app) {
  const std::string reason = read_text(read_object(request), "reason");
  return version_reply(app, app.registry.rollback(request.actor, reason));
}

Reply set_challenger(const Request& request, App& app) {
  const Json body = read_object(request);
  const auto given = body.find("version");
  if (given == body.end() || !(given->is_number_integer() || given->is_string())) {
    throw HttpError(400, "\"version\" is missing; send {\"version\": 3}");
  }
  const std::string name = given->is_string() ? given->get<std::string>() : given->dump();
  const int number = app.registry.find(name).number;
  app.registry.set_challenger(number, request.actor, read_text(body, "reason"));
  return version_reply(app, number);
}

Reply clear_challenger(const Request& request, App& app) {
  const std::string reason = read_text(read_object(request), "reason");
  app.registry.set_challenger(std::nullopt, request.actor, reason);
  Reply reply;
  reply.status = 204;
  return reply;
}

Reply remove_version(const Request& request, App& app) {
  app.registry.remove(app.registry.find(version_of(request)).number, request.actor);
  Reply reply;
  reply.status = 204;
  return reply;
}

}  // namespace fovea::server
