#include "server/api/openapi.h"

#include <map>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/http/static_files.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

// Members of `from` go into `into`, objects that are in both member by member.
void merge(Json& into, const Json& from, const std::string& where) {
  for (const auto& [key, value] : from.items()) {
    if (!into.contains(key)) {
      into[key] = value;
    } else if (into[key].is_object() && value.is_object()) {
      merge(into[key], value, where + " " + key);
    } else {
      throw FormatError(where + " " + key + ": another file has it too");
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

void write_out_problems(Json& responses) {
  for (Json& response : responses) {
    if (response.is_string()) response = problem_response(response);
  }
}

// What the route says about the operation; the file's own words for a status count more.
void complete(Json& operation, const Route& route) {
  std::map<std::string, Json> all;  // by status
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
    const std::string limit = std::to_string(route.max_body >> 20) + " MiB";
    all.try_emplace("413", problem_response("The body exceeds " + limit + "."));
  } else if (operation.contains("requestBody")) {
    all.try_emplace("413", shared_response("TooLarge"));
  }
  if (std::holds_alternative<Blocking>(route.handler)) {
    all.try_emplace("503", shared_response("Busy"));
    if (route.verb != "GET") all.try_emplace("507", shared_response("DiskFull"));
  }
  operation["responses"] = all;
  write_out_problems(operation["responses"]);
}

// The operation that describes the route, or null.
Json* find_operation(Json& document, const Route& route) {
  std::string verb;
  for (const char c : route.verb) verb += static_cast<char>(c - 'A' + 'a');
  const auto path = document["paths"].find(std::string(route.pattern));
  if (path == document["paths"].end()) return nullptr;
  const auto operation = path->find(verb);
  return operation == path->end() ? nullptr : &*operation;
}

// Adds the names of the query parameters in one list of the document.
void add_queries(const Json& document, const Json& holder, std::vector<std::string>& names) {
  if (!holder.contains("parameters")) return;
  for (const Json& given : holder["parameters"]) {
    const Json& parameter =
        given.contains("$ref")
            ? document.at(Json::json_pointer(given["$ref"].get<std::string>().substr(1)))
            : given;
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
  write_out_problems(document["components"]["responses"]);
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
