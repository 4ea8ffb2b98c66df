#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/http/message.h"

namespace fovea::server {

class App;

// A handler is a plain function. Quick ones answer at once, on an io thread; those that need the
// network hand the work on and respond later, from any thread; blocking ones may wait for a disk
// and run on a worker thread.
using QuickHandler = Reply (*)(const Request&, App&);
using LaterHandler = void (*)(std::shared_ptr<const Request>, App&, Respond);
struct Blocking {
  Reply (*run)(const Request&, App&);
};
using Handler = std::variant<QuickHandler, LaterHandler, Blocking>;

// Who may call: anybody; who may classify; who may change things and see everything.
enum class Role { open, predict, admin };

// What names no role needs `admin`, so that a route that was forgotten is closed.
struct Route {
  Route(std::string_view of_verb, std::string_view of_pattern, Handler by, Role needs = Role::admin,
        std::uint64_t most = 0)
      : verb(of_verb), pattern(of_pattern), handler(by), role(needs), max_body(most) {}
  Route(std::string_view of_verb, std::string_view of_pattern, Handler by, std::uint64_t most)
      : Route(of_verb, of_pattern, by, Role::admin, most) {}

  std::string_view verb;     // "GET" answers HEAD too
  std::string_view pattern;  // "/items/{id}": one path segment, not empty; "/items/{id}.png"
  Handler handler;
  Role role;
  std::uint64_t max_body;  // bytes; 0 = the server's own limit
  // The parameters that an address may have behind its '?'; without a list, any.
  std::optional<std::vector<std::string>> query;
};

struct Match {
  const Route* route = nullptr;  // null: no such path, or `allow` says which verbs it has
  Fields params;
  std::string allow;  // "GET, HEAD, POST" when the path exists under other verbs
};

class Router {
 public:
  // `fallback` answers GET and HEAD of every path that no route names, to anybody.
  Router(std::vector<Route> routes, QuickHandler fallback)
      : routes_(std::move(routes)), fallback_("GET", "", fallback, Role::open) {}

  const std::vector<Route>& routes() const { return routes_; }
  Match match(std::string_view verb, std::string_view path) const;

 private:
  std::vector<Route> routes_;
  Route fallback_;
};

}  // namespace fovea::server
