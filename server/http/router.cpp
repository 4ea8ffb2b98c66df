#include "server/http/router.h"

#include <optional>

#include "server/text/strings.h"

namespace fovea::server {
namespace {

// "{name}" matches any text, "{name}.png" any text with this suffix, other patterns only
// themselves.
bool match_segment(std::string_view pattern, std::string_view segment, Fields& params) {
  const std::size_t close = pattern.find('}');
  if (pattern.empty() || pattern.front() != '{' || close == std::string_view::npos) {
    return pattern == segment;
  }
  const std::string_view suffix = pattern.substr(close + 1);
  if (segment.size() <= suffix.size() || !segment.ends_with(suffix)) return false;
  segment.remove_suffix(suffix.size());
  params.emplace_back(pattern.substr(1, close - 1), segment);
  return true;
}

std::optional<Fields> match_pattern(std::string_view pattern, std::string_view path) {
  Fields params;
  while (!pattern.empty() && !path.empty()) {
    // A segment matches only with its slash, so that "/a" and "/a/" differ.
    const bool pattern_slash = pattern.find('/') != std::string_view::npos;
    const bool path_slash = path.find('/') != std::string_view::npos;
    if (pattern_slash != path_slash) return std::nullopt;
    const std::string_view segment_pattern = take_until(pattern, "/");
    if (!match_segment(segment_pattern, take_until(path, "/"), params)) return std::nullopt;
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return params;
}

void add_verb(std::string& allow, std::string_view verb) {
  if (!allow.empty()) allow += ", ";
  allow += verb;
  if (verb == "GET") allow += ", HEAD";
}

struct Found {
  std::string_view pattern;
  Fields params;
};

// Of the patterns that match a path, the one with the fewest parameters counts: "/items/new" does
// not match "/items/{id}" if there is such a route.
std::optional<Found> find_pattern(const std::vector<Route>& routes, std::string_view path) {
  std::optional<Found> found;
  for (const Route& route : routes) {
    if (found && route.pattern == found->pattern) continue;
    auto params = match_pattern(route.pattern, path);
    if (!params || (found && found->params.size() <= params->size())) continue;
    found = {route.pattern, std::move(*params)};
  }
  return found;
}

// "/api/v1/projects/hands/model" -> "hands"; `path` becomes "/api/v1/model". Empty for other paths.
std::string take_project(std::string& path) {
  constexpr std::string_view kApi = "/api/v1/", kProjects = "/api/v1/projects/";
  if (!path.starts_with(kProjects)) return {};
  const std::size_t end = path.find('/', kProjects.size());
  if (end == std::string::npos) return {};
  std::string project = path.substr(kProjects.size(), end - kProjects.size());
  path = std::string(kApi) + path.substr(end + 1);
  return project;
}

}  // namespace

Route server_wide(Route route) {
  route.server_wide = true;
  return route;
}

// A path below a project is tried last: /api/v1/projects/{project}/rename is a route of the server.
Match Router::match(std::string_view verb, std::string_view path) const {
  Match match;
  auto found = find_pattern(routes_, path);
  const bool prefixed = !found;
  if (prefixed) {
    std::string inner(path);
    match.project = take_project(inner);
    if (!match.project.empty()) found = find_pattern(routes_, inner);
  }
  const std::string_view route_verb = verb == "HEAD" ? "GET" : verb;
  for (const Route& route : routes_) {
    if (!found || route.pattern != found->pattern || (prefixed && route.server_wide)) continue;
    if (route.verb == route_verb) {
      match.route = &route;
      match.params = std::move(found->params);
      if (!prefixed && !route.server_wide) match.project = kDefaultProject;
      match.allow.clear();
      return match;
    }
    add_verb(match.allow, route.verb);
  }
  match.project.clear();
  if (!match.allow.empty()) return match;
  if (route_verb == "GET") {
    match.route = &fallback_;
  } else if (path == "/") {  // the page always exists
    add_verb(match.allow, "GET");
  }
  return match;
}

}  // namespace fovea::server
