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

}  // namespace

// Of the patterns that match a path, the one with the fewest parameters counts: "/items/new" does
// not match "/items/{id}" if there is such a route.
Match Router::match(std::string_view verb, std::string_view path) const {
  std::string_view pattern;
  std::optional<Fields> params;
  for (const Route& route : routes_) {
    if (route.pattern == pattern) continue;
    auto found = match_pattern(route.pattern, path);
    if (!found || (params && params->size() <= found->size())) continue;
    pattern = route.pattern;
    params = std::move(found);
  }
  Match match;
  const std::string_view route_verb = verb == "HEAD" ? "GET" : verb;
  if (!params) {
    if (route_verb == "GET") {
      match.route = &fallback_;
    } else if (path == "/") {  // the page always exists
      add_verb(match.allow, "GET");
    }
    return match;
  }
  for (const Route& route : routes_) {
    if (route.pattern != pattern) continue;
    if (route.verb == route_verb) return {&route, std::move(*params), {}};
    add_verb(match.allow, route.verb);
  }
  return match;
}

}  // namespace fovea::server
