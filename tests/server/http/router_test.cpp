#include "server/http/router.h"

#include "engine/core/error.h"
#include "server/http/target.h"
#include "tests/support/catch.h"

using namespace fovea;
using namespace fovea::server;

namespace {

Reply list(const Request&, App&) {
  return {};
}
Reply show(const Request&, App&) {
  return {};
}
Reply page(const Request&, App&) {
  return {};
}

Router make_router() {
  return Router({{"GET", "/items", list},
                 {"DELETE", "/items/{id}", list},
                 {"POST", "/items/merge", list},
                 {"POST", "/items", list},
                 {"GET", "/items/{id}", show},
                 {"DELETE", "/items/{id}/parts/{part}", show}},
                page);
}

QuickHandler handler_of(const Match& match) {
  REQUIRE(match.route != nullptr);
  return std::get<QuickHandler>(match.route->handler);
}

}  // namespace

TEST_CASE("a route is found by verb and path", "[server][http]") {
  const Router router = make_router();
  CHECK(handler_of(router.match("GET", "/items")) == list);
  CHECK(handler_of(router.match("HEAD", "/items")) == list);
  CHECK(handler_of(router.match("GET", "/items/7")) == show);
  CHECK(router.match("GET", "/items/7").params == Fields{{"id", "7"}});
  CHECK(router.match("DELETE", "/items/7/parts/x y").params ==
        Fields{{"id", "7"}, {"part", "x y"}});
}

TEST_CASE("a known path under another verb lists its verbs", "[server][http]") {
  const Router router = make_router();
  CHECK(router.match("PUT", "/items").route == nullptr);
  CHECK(router.match("PUT", "/items").allow == "GET, HEAD, POST");
  CHECK(router.match("GET", "/items/7/parts/8").allow == "DELETE");
}

TEST_CASE("a literal pattern takes precedence over one with a parameter", "[server][http]") {
  const Router router = make_router();
  CHECK(handler_of(router.match("POST", "/items/merge")) == list);
  CHECK(router.match("POST", "/items/merge").params.empty());
  for (const char* verb : {"GET", "DELETE", "OPTIONS"}) {
    CHECK(router.match(verb, "/items/merge").route == nullptr);
    CHECK(router.match(verb, "/items/merge").allow == "POST");
  }
  CHECK(router.match("POST", "/items/other").allow == "DELETE, GET, HEAD");
}

TEST_CASE("a parameter may be followed by a suffix", "[server][http]") {
  const Router router({{"GET", "/charts/{name}.png", list}, {"GET", "/charts/{name}", show}}, page);
  const Match drawn = router.match("GET", "/charts/a.b.png");
  CHECK(handler_of(drawn) == list);
  CHECK(drawn.params == Fields{{"name", "a.b"}});
  CHECK(handler_of(router.match("GET", "/charts/a.pn")) == show);
  CHECK(handler_of(router.match("GET", "/charts/.png")) == show);  // a parameter is not empty
  CHECK(handler_of(router.match("GET", "/charts/a.png/")) == page);
}

TEST_CASE("an unknown path falls back to the page and slashes are significant", "[server][http]") {
  const Router router = make_router();
  for (const char* path : {"/items/", "/items/7/", "/items//", "/", "/other", "/items/7/parts/",
                           "//items", "/Items"}) {
    INFO(path);
    CHECK(handler_of(router.match("GET", path)) == page);
    CHECK(router.match("POST", path).route == nullptr);
    CHECK(router.match("POST", path).allow == (std::string(path) == "/" ? "GET, HEAD" : ""));
  }
}

TEST_CASE("a request target is split and decoded", "[server][http]") {
  const Target target = parse_target("/a%20b/%C3%A4?x=1&y=a+b%2B&flag&=z#part");
  CHECK(target.path == "/a b/\xc3\xa4");
  CHECK(target.query == Fields{{"x", "1"}, {"y", "a b+"}, {"flag", ""}, {"", "z"}});
  CHECK(parse_target("http://host:80/a?b=c").path == "/a");
  CHECK(parse_target("http://host:80/a?b=c").host == "host:80");
  CHECK(parse_target("/a?b=http://host").host.empty());
  CHECK(parse_target("HTTP://host").path == "/");
  CHECK(parse_target("https://host?b=c").path == "/");
  CHECK(parse_target("https://host?b=c").query == Fields{{"b", "c"}});
  CHECK(parse_target("/a+b").path == "/a+b");
}

TEST_CASE("a malformed request target is rejected", "[server][http]") {
  for (const char* target :
       {"", "*", "a", "/%", "/%2", "/%zz", "/%00", "/?a=%0", "ftp://host/", "http://", "http:///a",
        "http://user@host/a", "/a b", "/a\tb", "/\x7f"}) {
    INFO(target);
    CHECK_THROWS_AS(parse_target(target), FormatError);
  }
  CHECK_THROWS_AS(parse_target(std::string_view("/a\0b", 4)), FormatError);
}

TEST_CASE("If-None-Match is a list of tags or a star", "[server][http]") {
  Request request;
  const auto matches = [&](const std::string& field) {
    request.fields = {{"if-none-match", field}};
    return etag_matches(request, "\"abc\"");
  };
  CHECK(matches("\"abc\""));
  CHECK(matches("\"x\", W/\"abc\""));
  CHECK(matches("*"));
  CHECK_FALSE(matches("\"ab\""));
  CHECK_FALSE(matches(""));
  request.fields.clear();
  CHECK_FALSE(etag_matches(request, "\"abc\""));
}

TEST_CASE("a path below a project is that of the project", "[server][http]") {
  const Router router({{"GET", "/api/v1/model", show},
                       {"POST", "/api/v1/items/{id}", list},
                       {"GET", "/other", show},
                       server_wide({"GET", "/api/v1/projects", list}),
                       server_wide({"POST", "/api/v1/projects/{project}/rename", list})},
                      page);
  const auto match = [&](const char* verb, const char* path) { return router.match(verb, path); };
  CHECK(match("GET", "/api/v1/model").project == "default");
  CHECK(match("GET", "/other").project == "default");
  CHECK(match("GET", "/api/v1/projects").project.empty());
  const Match found = match("POST", "/api/v1/projects/hands/items/7");
  CHECK(handler_of(found) == list);
  CHECK(found.project == "hands");
  CHECK(found.params == Fields{{"id", "7"}});
  CHECK(match("PUT", "/api/v1/projects/hands/items/7").allow == "POST");
  CHECK(match("PUT", "/api/v1/projects/hands/items/7").route == nullptr);
  // A route of the server is not inside of a project.
  const Match rename = match("POST", "/api/v1/projects/hands/rename");
  CHECK(rename.project.empty());
  CHECK(rename.params == Fields{{"project", "hands"}});
  for (const char* path :
       {"/api/v1/projects/a/projects", "/api/v1/projects/a/other", "/api/v1/projects/hands/",
        "/api/v1/projects//model", "/api/v1/projects/a/projects/b/model"}) {
    INFO(path);
    CHECK(handler_of(match("GET", path)) == page);
    CHECK(match("GET", path).project.empty());
  }
  // Not a name, so there is no such project.
  CHECK(match("GET", "/api/v1/projects/../model").project == "..");
}
