#include <limits>

#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/version_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

StoredVersion find_version(const Request& request, const Registry& registry) {
  return registry.find(request.params.at(0).second);
}

std::string read_reason(const Request& request) {
  return read_text(read_object(request), "reason");
}

Reply version_reply(const Registry& registry, int number) {
  return json_reply(whole_version_json(registry.find(number), registry.aliases()));
}

Reply no_content() {
  Reply reply;
  reply.status = 204;
  return reply;
}

}  // namespace

Reply list_models(const Request& request, App& app) {
  const Page page = read_page(request, 100, 20, std::numeric_limits<int>::max());
  const Aliases aliases = app.registry.aliases();
  const auto versions = app.registry.newest(page.limit, static_cast<int>(page.before));
  Json list = Json::array();
  for (const StoredVersion& version : versions) list.push_back(version_json(version, aliases));
  Json body = {{"total", app.registry.count()}, {"aliases", aliases}, {"versions", list}};
  if (versions.size() == static_cast<std::size_t>(page.limit) && versions.back().number > 1) {
    body["next"] = next_page(app.api + "/models", page, versions.back().number);
  }
  return json_reply(body);
}

Reply show_version(const Request& request, App& app) {
  const StoredVersion version = find_version(request, app.registry);
  return json_reply(whole_version_json(version, app.registry.aliases()));
}

Reply activate_version(const Request& request, App& app) {
  const std::string reason = read_reason(request);
  const int number = find_version(request, app.registry).number;
  app.registry.activate(number, request.actor, reason);
  return version_reply(app.registry, number);
}

Reply roll_back(const Request& request, App& app) {
  return version_reply(app.registry, app.registry.rollback(request.actor, read_reason(request)));
}

Reply set_challenger(const Request& request, App& app) {
  const Json body = read_object(request);
  const auto version = body.find("version");
  if (version == body.end() || !(version->is_number_integer() || version->is_string())) {
    throw HttpError(400, "\"version\" is missing; send {\"version\": 3}");
  }
  const std::string name = version->is_string() ? version->get<std::string>() : version->dump();
  const int number = app.registry.find(name).number;
  app.registry.set_challenger(number, request.actor, read_text(body, "reason"));
  return version_reply(app.registry, number);
}

Reply clear_challenger(const Request& request, App& app) {
  app.registry.set_challenger(std::nullopt, request.actor, read_reason(request));
  return no_content();
}

Reply remove_version(const Request& request, App& app) {
  const int number = find_version(request, app.registry).number;
  app.runtime->reserve.use([&] { app.registry.remove(number, request.actor); });
  return no_content();
}

}  // namespace fovea::server
