#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/http/message.h"
#include "server/text/project_name.h"

namespace fovea::server {

class App;

// A handler is a function from a request to a response, and throws to report an error.
using QuickHandler = Reply (*)(const Request&, App&);  // runs on an io thread, must not block
// May wait for a disk: runs on a worker thread.
struct Blocking {
  Reply (*run)(const Request&, App&);
  // May take seconds, or wait for another change: runs on threads apart from those of quick reads.
  bool slow = false;
};
// A Blocking handler that is slow.
constexpr Blocking slow(Reply (*run)(const Request&, App&)) {
  return {run, true};
}
// Starts the work and responds later, from any thread. Must not respond if it throws.
using AsyncHandler = void (*)(std::shared_ptr<const Request>, App&, Respond);
using Handler = std::variant<QuickHandler, AsyncHandler, Blocking>;

// Who may call a route: anyone; clients that may predict; clients that may change things.
enum class Role { open, predict, admin };

// The default role is `admin`, so that a route without a role is not open by mistake.
struct Route {
  Route(std::string_view http_verb, std::string_view path_pattern, Handler function,
        Role needed_role = Role::admin, std::uint64_t body_limit = 0)
      : verb(http_verb),
        pattern(path_pattern),
        handler(function),
        role(needed_role),
        max_body(body_limit) {}
  Route(std::string_view http_verb, std::string_view path_pattern, Handler function,
        std::uint64_t body_limit)
      : Route(http_verb, path_pattern, function, Role::admin, body_limit) {}

  std::string_view verb;     // a GET route also serves HEAD
  std::string_view pattern;  // "/items/{id}" or "/items/{id}.png"; {id} is one non-empty segment
  Handler handler;
  Role role;
  std::uint64_t max_body;  // bytes; 0 = the limit of the server
  // The query parameters that the route accepts; nullopt: any.
  std::optional<std::vector<std::string>> query;
  bool server_wide = false;  // see server_wide()
};
// A route that does not refer to one project. A sender who may use one project may use it, too: its
// handler must check Request::may_use().
Route server_wide(Route route);

struct Match {
  const Route* route = nullptr;  // null: the path is unknown, or `allow` lists its verbs
  Fields params;
  std::string project;  // named by the path; else the default one; empty: the route is server-wide
  std::string allow;    // "GET, HEAD, POST" if the path exists only under other verbs
};

// Routes below /api/v1/ that are not server-wide also serve /api/v1/projects/NAME/.
class Router {
 public:
  // `fallback` serves GET and HEAD of all other paths, without a role.
  Router(std::vector<Route> routes, QuickHandler fallback)
      : routes_(std::move(routes)), fallback_("GET", "", fallback, Role::open) {}

  const std::vector<Route>& routes() const { return routes_; }
  Match match(std::string_view verb, std::string_view path) const;

 private:
  std::vector<Route> routes_;
  Route fallback_;
};

}  // namespace fovea::server
