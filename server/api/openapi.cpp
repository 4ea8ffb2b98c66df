#include "server/api/openapi.h"

#include <map>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/http/problem.h"
#include "server/http/static_files.h"
#include "server/text/json.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

// Adds the members of `from` to `into`. Objects in both are merged recursively.
void merge(Json& into, const Json& from, const std::string& where) {
  for (const auto& [key, value] : from.items()) {
    if (!into.contains(key)) {
      into[key] = value;
    } else if (into[key].is_object() && value.is_object()) {
      merge(into[key], value, where + " " + key);
    } else {
      throw FormatError(where + " " + key + ": another file defines it too");
    }
  }
}

Json read_files(std::span<const EmbeddedFile> files) {
  Json document = Json::object();
  for (const EmbeddedFile& file : files) {
    const Json part = Json::parse(file.bytes.begin(), file.bytes.end(), nullptr, false);
    if (!part.is_object()) throw FormatError(std::string(file.path) + " is not a JSON object");
    merge(document, part, std::string(file.path));
  }
  return document;
}

Json problem_response(const std::string& description) {
  const Json schema = {{"$ref", "#/components/schemas/Problem"}};
  return {{"description", description},
          {"content", {{"application/problem+json", {{"schema", schema}}}}}};
}

Json shared_response(const std::string& name) {
  return {{"$ref", "#/components/responses/" + name}};
}

void expand_problems(Json& responses) {
  for (Json& response : responses) {
    if (response.is_string()) response = problem_response(response);
  }
}

// Adds what follows from the route. Responses in the file take precedence.
void complete(Json& operation, const Route& route) {
  std::map<std::string, Json> all;  // status -> response
  for (const auto& [status, response] : operation["responses"].items()) all[status] = response;
  all.try_emplace("400", shared_response("BadRequest"));
  all.try_emplace("403", shared_response("Forbidden"));
  all.try_emplace("500", shared_response("Fault"));
  operation["security"] = Json::array();
  if (route.role != Role::open) {
    const std::string role = route.role == Role::admin ? "admin" : "predict";
    operation["security"].push_back({{"token", Json::array({role})}});
    std::string text = operation.value("description", "");
    text += text.empty() ? "" : "\n\n";
    operation["description"] = text + "Role: `" + role + "`.";
    all.try_emplace("401", shared_response("Unauthorized"));
    all.try_emplace("429", shared_response("TooMany"));
  }
  if (route.max_body != 0) {
    operation["x-max-body-bytes"] = route.max_body;
    all.try_emplace(
        "413", problem_response(fmt::format("The body exceeds {} MiB.", route.max_body >> 20)));
  } else if (operation.contains("requestBody")) {
    all.try_emplace("413", shared_response("TooLarge"));
  }
  if (operation.contains("requestBody")) {
    all.try_emplace("415", shared_response("Compressed"));
  }
  if (std::holds_alternative<Blocking>(route.handler)) {
    all.try_emplace("503", shared_response("Busy"));
    if (route.verb != "GET") all.try_emplace("507", shared_response("DiskFull"));
  }
  operation["responses"] = all;
  expand_problems(operation["responses"]);
}

// The operation that describes the route, or null.
Json* find_operation(Json& document, const Route& route) {
  const std::string verb = lower(route.verb);
  const auto path = document["paths"].find(std::string(route.pattern));
  if (path == document["paths"].end()) return nullptr;
  const auto operation = path->find(verb);
  return operation == path->end() ? nullptr : &*operation;
}

// Adds the names of the query parameters of a path or an operation.
void add_queries(const Json& document, const Json& holder, std::vector<std::string>& names) {
  if (!holder.contains("parameters")) return;
  for (const Json& each : holder["parameters"]) {
    const Json& parameter =
        each.contains("$ref")
            ? document.at(Json::json_pointer(each["$ref"].get<std::string>().substr(1)))
            : each;
    if (parameter.value("in", "") == "query") names.push_back(parameter.value("name", ""));
  }
}

}  // namespace

std::vector<Route> with_queries(std::vector<Route> routes, std::span<const EmbeddedFile> files) {
  Json document = read_files(files);
  for (Route& route : routes) {
    if (!route.pattern.starts_with("/api/v1/")) continue;
    const Json* operation = find_operation(document, route);
    if (!operation) continue;
    route.query.emplace();
    add_queries(document, document["paths"][std::string(route.pattern)], *route.query);
    add_queries(document, *operation, *route.query);
  }
  return routes;
}

Json make_openapi(const std::vector<Route>& routes, std::span<const EmbeddedFile> files) {
  Json document = read_files(files);
  document["info"]["version"] = FOVEA_VERSION;
  expand_problems(document["components"]["responses"]);
  for (const Route& route : routes) {
    if (Json* operation = find_operation(document, route)) complete(*operation, route);
  }
  return document;
}

Reply show_openapi(const Request& request, App&) {
  static const std::string text = make_openapi(make_router().routes(), embedded_openapi()).dump();
  static const std::span<const std::uint8_t> bytes(
      reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  static const std::string etag = '"' + sha256_hex(bytes) + '"';
  Reply reply;
  reply.fields = {
      {"Content-Type", "application/json"}, {"ETag", etag}, {"Cache-Control", "no-cache"}};
  if (etag_matches(request, etag)) {
    reply.status = 304;
  } else {
    reply.shared = SharedBytes{nullptr, bytes};
  }
  return reply;
}

}  // namespace fovea::server
