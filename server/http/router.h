#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/http/message.h"

namespace fovea::server {

class App;

// A handler is a plain function. Quick ones answer at once, on an io thread; those that need the
// network hand the work on and respond later, from any thread.
using QuickHandler = Reply (*)(const Request&, App&);
using LaterHandler = void (*)(std::shared_ptr<const Request>, App&, Respond);

struct Route {
  std::string_view verb;     // "GET" answers HEAD too
  std::string_view pattern;  // "/api/v1/items/{id}": {id} is one path segment, not empty
  std::variant<QuickHandler, LaterHandler> handler;
  std::uint64_t max_body = 0;  // bytes; 0 = the server's own limit
};

struct Match {
  const Route* route = nullptr;  // null: no such path, or `allow` says which verbs it has
  Fields params;
  std::string allow;  // "GET, HEAD, POST" when the path exists under other verbs
};

class Router {
 public:
  // `fallback` answers GET and HEAD of every path that no route names.
  Router(std::vector<Route> routes, QuickHandler fallback)
      : routes_(std::move(routes)), fallback_{"GET", "", fallback} {}

  Match match(std::string_view verb, std::string_view path) const;

 private:
  std::vector<Route> routes_;
  Route fallback_;
};

}  // namespace fovea::server
