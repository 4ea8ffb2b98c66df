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

// "{name}" stands for any text, "{name}.png" for any that ends so; other text for itself.
bool match_segment(std::string_view wanted, std::string_view given, Fields& params) {
  const std::size_t close = wanted.find('}');
  if (wanted.empty() || wanted.front() != '{' || close == std::string_view::npos) {
    return wanted == given;
  }
  const std::string_view ending = wanted.substr(close + 1);
  if (given.size() <= ending.size() || !given.ends_with(ending)) return false;
  given.remove_suffix(ending.size());
  params.emplace_back(wanted.substr(1, close - 1), given);
  return true;
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
    if (!match_segment(wanted, given, params)) return std::nullopt;
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
    if (wanted == "GET") {
      match.route = &fallback_;
    } else if (path == "/") {  // the page, which is always there
      add_verb(match.allow, "GET");
    }
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
