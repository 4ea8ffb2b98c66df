#include "server/http/router.h"

#include <optional>

namespace fovea::server {
namespace {

// The text before the next '/', which is removed with it.
std::string_view take_segment(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return segment;
}

std::optional<Fields> match_pattern(std::string_view pattern, std::string_view path) {
  Fields params;
  while (!pattern.empty() && !path.empty()) {
    // Compared with their slashes, so that "/a" and "/a/" differ.
    const bool more_pattern = pattern.find('/') != std::string_view::npos;
    const bool more_path = path.find('/') != std::string_view::npos;
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (more_pattern != more_path) return std::nullopt;
    if (wanted.size() > 2 && wanted.front() == '{' && wanted.back() == '}') {
      if (given.empty()) return std::nullopt;
      params.emplace_back(wanted.substr(1, wanted.size() - 2), given);
    } else if (wanted != given) {
      return std::nullopt;
    }
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

// A path belongs to one pattern, the one with the fewest parameters: "/items/new" is no item.
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
  const std::string_view wanted = verb == "HEAD" ? "GET" : verb;
  if (!params) {
    if (wanted == "GET") match.route = &fallback_;
    return match;
  }
  for (const Route& route : routes_) {
    if (route.pattern != pattern) continue;
    if (route.verb == wanted) return {&route, std::move(*params), {}};
    add_verb(match.allow, route.verb);
  }
  return match;
}

}  // namespace fovea::server
