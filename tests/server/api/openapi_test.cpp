#include "server/api/openapi.h"

#include <nlohmann/json.hpp>
#include <set>

#include "engine/core/error.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/http/static_files.h"
#include "tests/support/catch.h"
#include "tests/support/small_app.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::ordered_json;

namespace {

const std::vector<std::pair<std::string, std::string>> kVerbs{
    {"get", "GET"}, {"put", "PUT"}, {"post", "POST"}, {"delete", "DELETE"}, {"patch", "PATCH"}};

const Json* find(const Json& document, const std::string& reference) {
  try {
    return &document.at(Json::json_pointer(reference.substr(1)));
  } catch (const Json::exception&) {
    return nullptr;
  }
}

const Json& resolved(const Json& document, const Json& thing) {
  static const Json nothing = Json::object();
  if (!thing.contains("$ref")) return thing;
  const Json* found = find(document, thing["$ref"]);
  return found ? *found : nothing;
}

std::set<std::string> names_in(std::string pattern) {
  std::set<std::string> names;
  for (std::size_t at; (at = pattern.find('{')) != std::string::npos;) {
    pattern.erase(0, at + 1);
    names.insert(pattern.substr(0, pattern.find('}')));
  }
  return names;
}

// Reports required members that an operation lacks, and invalid ones.
void check_operation(const Json& document, const std::string& title, const Json& item,
                     const Json& operation, std::vector<std::string>& problems) {
  for (const char* needed : {"operationId", "summary", "tags"}) {
    if (!operation.contains(needed)) problems.push_back(title + " has no " + needed);
  }
  for (const Json& tag : operation.value("tags", Json::array())) {
    const Json& known = document["tags"];
    if (std::none_of(known.begin(), known.end(), [&](const Json& k) { return k["name"] == tag; })) {
      problems.push_back(title + " has a tag that about.json lacks: " + tag.dump());
    }
  }
  std::set<std::string> stated;
  for (const Json& list :
       {item.value("parameters", Json::array()), operation.value("parameters", Json::array())}) {
    for (const Json& parameter : list) {
      const Json& whole = resolved(document, parameter);
      if (whole.value("in", "") == "path") stated.insert(whole.value("name", ""));
    }
  }
  const std::set<std::string> expected = names_in(title);
  for (const std::string& name : expected) {
    if (!stated.contains(name)) {
      problems.push_back(title + " does not describe its parameter {" + name + "}");
    }
  }
  for (const std::string& name : stated) {
    if (!expected.contains(name)) {
      problems.push_back(title + " describes a parameter {" + name + "} that its path lacks");
    }
  }
}

void collect_references(const Json& json, std::set<std::string>& references) {
  if (json.is_object() && json.contains("$ref")) references.insert(json["$ref"]);
  if (json.is_structured()) {
    for (const Json& member : json) collect_references(member, references);
  }
}

void check_references(const Json& document, std::vector<std::string>& problems) {
  std::set<std::string> references;
  collect_references(document, references);
  for (const std::string& reference : references) {
    if (!find(document, reference)) problems.push_back(reference + " does not exist");
  }
  for (const auto& [kind, members] : document["components"].items()) {
    if (kind == "securitySchemes") continue;
    for (const auto& [name, member] : members.items()) {
      const std::string reference = "#/components/" + kind + "/" + name;
      if (!references.contains(reference)) problems.push_back(reference + " is not used");
    }
  }
}

// One sentence for each difference between the document and the routes.
std::vector<std::string> compare(const Json& document, const std::vector<Route>& routes) {
  std::vector<std::string> problems;
  std::set<std::string> in_table, ids;
  for (const Route& route : routes) {
    in_table.insert(std::string(route.verb) + " " + std::string(route.pattern));
  }
  std::set<std::string> described;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [key, verb] : kVerbs) {
      if (!item.contains(key)) continue;
      const std::string title = verb + " " + path;
      described.insert(title);
      if (!in_table.contains(title)) {
        problems.push_back(title +
                           " is described in server/api/openapi/, but server/api/routes.cpp has "
                           "no such route");
      }
      check_operation(document, title, item, item[key], problems);
      const std::string id = item[key].value("operationId", "");
      if (!ids.insert(id).second)
        problems.push_back(title + " has the id of another operation: " + id);
    }
  }
  for (const std::string& title : in_table) {
    if (described.contains(title)) continue;
    problems.push_back(title +
                       " is in server/api/routes.cpp, but no file of server/api/openapi/ "
                       "describes it; add it under \"paths\" (CONTRIBUTING.md says how)");
  }
  check_references(document, problems);
  return problems;
}

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += "\n  " + text;
  return all;
}

EmbeddedFile file(const char* name, const std::string& text) {
  return {name, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, {}};
}

const std::string kAbout = R"({
  "openapi": "3.1.0", "info": {"title": "t"}, "tags": [{"name": "T"}],
  "components": {"schemas": {"Problem": {}}, "responses": {
    "BadRequest": "b", "Forbidden": "f", "Unauthorized": "u", "TooMany": "m", "TooLarge": "l", "Compressed": "c",
    "Fault": "x", "Busy": "y", "DiskFull": "d"}}})";

// The document of these routes and of one file with these paths.
Json document_of(const std::vector<Route>& routes, const std::string& paths) {
  const std::string part = R"({"paths": )" + paths + "}";
  return make_openapi(routes, std::vector{file("about.json", kAbout), file("part.json", part)});
}

std::vector<std::string> about_operations(const Json& document, const std::vector<Route>& routes) {
  std::vector<std::string> problems = compare(document, routes);
  std::erase_if(problems, [](const std::string& c) { return c.rfind("#/", 0) == 0; });
  return problems;
}

std::set<std::string> statuses(const Json& operation) {
  std::set<std::string> all;
  for (const auto& [status, response] : operation["responses"].items()) all.insert(status);
  return all;
}

}  // namespace

TEST_CASE("the OpenAPI document describes exactly the routes", "[server][api]") {
  const Router router = make_router();
  const Json document = make_openapi(router.routes(), embedded_openapi());
  const auto problems = compare(document, router.routes());
  INFO(lines(problems));
  CHECK(problems.empty());
  CHECK(document["paths"].size() > 50);
}

TEST_CASE("a route without a description and the reverse are reported", "[server][api]") {
  const std::vector<Route> routes{{"GET", "/a", show_alive}, {"POST", "/b/{id}", show_alive}};
  const Json document = document_of(routes, R"({"/a": {
      "get": {"operationId": "a", "summary": "s", "tags": ["T"], "responses": {}},
      "put": {"operationId": "b", "summary": "s", "tags": ["T"], "responses": {}}}})");
  const auto problems = about_operations(document, routes);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].find("PUT /a is described") == 0);
  CHECK(problems[1].find("POST /b/{id} is in server/api/routes.cpp, but no file") == 0);
}

TEST_CASE("an incomplete description of an operation is reported", "[server][api]") {
  const std::vector<Route> routes{{"GET", "/a/{id}", show_alive}, {"GET", "/b", show_alive}};
  const Json document = document_of(routes, R"({
      "/a/{id}": {"get": {"operationId": "a", "tags": ["U"], "responses": {}, "parameters": [
        {"name": "other", "in": "path"}]}},
      "/b": {"get": {"operationId": "a", "summary": "s", "tags": ["T"], "responses": {"200":
        {"$ref": "#/components/responses/Gone"}}}}})");
  const std::set<std::string> expected{
      "GET /a/{id} has no summary", "GET /a/{id} has a tag that about.json lacks: \"U\"",
      "GET /a/{id} does not describe its parameter {id}",
      "GET /a/{id} describes a parameter {other} that its path lacks",
      "GET /b has the id of another operation: a"};
  const auto problems = about_operations(document, routes);
  CHECK(std::set(problems.begin(), problems.end()) == expected);
  const auto all = compare(document, routes);
  CHECK(std::count(all.begin(), all.end(), "#/components/responses/Gone does not exist") == 1);
  CHECK(std::count(all.begin(), all.end(), "#/components/responses/Busy is not used") == 1);
}

TEST_CASE("role and body limit and errors of an operation come from its route", "[server][api]") {
  const std::vector<Route> routes{{"GET", "/open", show_alive, Role::open},
                                  {"POST", "/ask", show_alive, Role::predict},
                                  {"POST", "/admin", Blocking{show_alive}, 16 << 20}};
  const Json document = document_of(routes, R"({
      "/open": {"get": {"responses": {"200": {"description": "d"}}, "security": [{"token": []}]}},
      "/ask": {"post": {"description": "d", "requestBody": {}, "responses": {"400": "no such", "415": "no form"}}},
      "/admin": {"post": {"requestBody": {}, "responses": {}}}})");
  const Json& open = document["paths"]["/open"]["get"];
  CHECK(open["security"] == Json::array());
  CHECK_FALSE(open.contains("description"));
  CHECK(statuses(open) == std::set<std::string>{"200", "400", "403", "500"});
  const Json& ask = document["paths"]["/ask"]["post"];
  CHECK(ask["security"].dump() == R"([{"token":["predict"]}])");
  CHECK(ask["description"] == "d\n\nRole: `predict`.");
  CHECK(statuses(ask) == std::set<std::string>{"400", "401", "403", "413", "415", "429", "500"});
  CHECK(ask["responses"]["400"]["description"] == "no such");
  CHECK(ask["responses"]["415"]["content"].contains("application/problem+json"));
  const Json& admin = document["paths"]["/admin"]["post"];
  CHECK(admin["security"].dump() == R"([{"token":["admin"]}])");
  CHECK(admin["x-max-body-bytes"] == 16 << 20);
  CHECK(admin["responses"]["413"]["description"] == "The body exceeds 16 MiB.");
  CHECK(admin["responses"]["415"]["$ref"] == "#/components/responses/Compressed");
  CHECK(admin["responses"].contains("503"));
  CHECK(admin["responses"]["507"]["$ref"] == "#/components/responses/DiskFull");
}

TEST_CASE("a route below /api/v1 accepts only the query parameters of its description",
          "[server][api]") {
  const std::vector<Route> routes{{"GET", "/api/v1/a/{id}", show_alive},
                                  {"POST", "/api/v1/a/{id}", show_alive},
                                  {"GET", "/api/health", show_alive}};
  const std::string part =
      R"({"components": {"parameters": {"L": {"name": "limit", "in": "query"}}},
    "paths": {"/api/v1/a/{id}": {
      "parameters": [{"name": "id", "in": "path"}, {"name": "all", "in": "query"}],
      "get": {"parameters": [{"$ref": "#/components/parameters/L"}]}, "post": {}},
    "/api/health": {"get": {"parameters": [{"name": "x", "in": "query"}]}}}})";
  using Names = std::vector<std::string>;
  const auto known = with_queries(routes, std::vector{file("part.json", part)});
  CHECK(known[0].query == Names{"all", "limit"});
  CHECK(known[1].query == Names{"all"});
  CHECK_FALSE(known[2].query);
  const Router router = make_router();
  CHECK(router.match("DELETE", "/api/v1/predictions").route->query == Names{"confirm"});
  CHECK(router.match("GET", "/api/v1/status").route->query == Names{});
}

TEST_CASE("an OpenAPI file that is invalid or contradicts another is named", "[server][api]") {
  const std::string broken = "{", one = R"({"paths": {"/a": {"get": {"summary": "1"}}}})",
                    two = R"({"paths": {"/a": {"get": {"summary": "2"}}}})";
  CHECK_THROWS_WITH(make_openapi({}, std::vector{file("broken.json", broken)}),
                    "broken.json is not a JSON object");
  CHECK_THROWS_WITH(make_openapi({}, std::vector{file("about.json", kAbout), file("one.json", one),
                                                 file("two.json", two)}),
                    "two.json paths /a get summary: another file defines it too");
}

TEST_CASE("the OpenAPI document is served with an entity tag", "[server][api]") {
  App app = make_app();
  const Router router = make_router();
  Request request;
  request.path = "/openapi.json";
  CHECK(router.match("GET", "/openapi.json").route->role == Role::open);
  const Reply reply = ask(router, app, request);
  CHECK(reply.status == 200);
  CHECK(find_field(reply.fields, "Content-Type") == "application/json");
  const Json document = Json::parse(reply.content());
  CHECK(document["openapi"] == "3.1.0");
  CHECK(document["info"]["version"].get<std::string>().size() >= 5);
  request.fields = {{"If-None-Match", std::string(*find_field(reply.fields, "ETag"))}};
  CHECK(ask(router, app, request).status == 304);
}

TEST_CASE("the docs page explains how to build the dashboard if it is missing", "[server][api]") {
  App app = make_app();
  Request request;
  request.path = "/docs";
  const Reply reply = ask(make_router(), app, request);
  CHECK(reply.status == 200);
  CHECK(reply.body.find("npm run build") != std::string::npos);
  CHECK(reply.body.find("/openapi.json") != std::string::npos);
}
