#include "server/http/guard.h"

#include <fstream>
#include <thread>

#include "engine/core/error.h"
#include "server/http/admission.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;

namespace {

constexpr const char* kTokens = "admin:0123456789abcdef,predict:fedcba9876543210";

Request request(const std::string& verb, Fields fields = {},
                const std::string& remote = "127.0.0.1") {
  Request made;
  made.verb = verb;
  made.remote = remote;
  made.fields = std::move(fields);
  if (!made.field("Host")) made.fields.emplace_back("Host", "localhost:8080");
  return made;
}

// 0 = allowed
int status(Guard& guard, Request incoming, Role role) {
  const auto refusal = guard.check(incoming, role);
  return refusal ? refusal->status : 0;
}
std::string actor(Guard& guard, Request incoming) {
  guard.check(incoming, Role::predict);
  return incoming.actor;
}
Fields bearer(const std::string& token) {
  return {{"Authorization", "Bearer " + token}};
}

}  // namespace

TEST_CASE("a local client may do everything if the server has no tokens", "[server][http]") {
  Guard guard(GuardOptions{});
  CHECK(status(guard, request("DELETE"), Role::admin) == 0);
  CHECK(actor(guard, request("POST")) == "local");
  for (const char* host :
       {"localhost", "LOCALHOST:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"}) {
    INFO(host);
    CHECK(status(guard, request("POST", {{"Host", host}}), Role::admin) == 0);
  }
}

TEST_CASE("an unknown host name is rejected to prevent DNS rebinding", "[server][http]") {
  GuardOptions options;
  options.host_names = {"fovea.lan"};
  Guard guard(options);
  for (const char* host :
       {"evil.example", "localhost.evil.example:8080", "10.0.0.1", "", "[::2]"}) {
    INFO(host);
    CHECK(status(guard, request("GET", {{"Host", host}}), Role::predict) == 403);
    CHECK(status(guard, request("GET", {{"Host", host}}), Role::open) == 403);
  }
  CHECK(status(guard, request("GET", {{"Host", "Fovea.LAN:8080"}}), Role::admin) == 0);
}

TEST_CASE("a page of another site cannot change anything", "[server][http]") {
  GuardOptions options;
  options.cors_origins = {"https://friend.example"};
  Guard guard(options);
  const auto post = [&](Fields fields) {
    return status(guard, request("POST", fields), Role::predict);
  };
  CHECK(post({{"Origin", "http://localhost:8080"}}) == 0);
  CHECK(post({{"Origin", "https://friend.example"}, {"Sec-Fetch-Site", "cross-site"}}) == 0);
  CHECK(post({{"Sec-Fetch-Site", "same-origin"}}) == 0);
  CHECK(post({{"Sec-Fetch-Site", "none"}}) == 0);
  CHECK(post({{"Origin", "http://evil.example"}}) == 403);
  CHECK(post({{"Origin", "http://localhost:9999"}}) == 403);
  CHECK(post({{"Origin", "null"}}) == 403);
  CHECK(post({{"Sec-Fetch-Site", "cross-site"}}) == 403);
  CHECK(post({{"Sec-Fetch-Site", "same-site"}}) == 403);
}

TEST_CASE("an http page is foreign to a server that uses TLS or is behind a TLS proxy",
          "[server][http]") {
  GuardOptions options;
  options.loopback = false;
  options.trusted_proxies = {"10.0.0.0/8"};
  options.host_names = {"fovea.lan"};
  Guard guard(options);
  const auto post = [&](bool secure, const char* scheme, Fields fields, const char* peer) {
    fields.emplace_back("Host", "fovea.lan");
    fields.emplace_back("Origin", std::string(scheme) + "://fovea.lan");
    Request incoming = request("POST", std::move(fields), peer);
    incoming.secure = secure;
    return status(guard, incoming, Role::predict);
  };
  CHECK(post(true, "https", {}, "1.2.3.4") == 0);
  CHECK(post(true, "http", {}, "1.2.3.4") == 403);
  CHECK(post(false, "http", {}, "1.2.3.4") == 0);
  CHECK(post(false, "https", {}, "1.2.3.4") == 0);  // a proxy that is not in the list
  CHECK(post(false, "ftp", {}, "1.2.3.4") == 403);
  CHECK(post(false, "http", {{"X-Forwarded-Proto", "https"}}, "10.0.0.1") == 403);
  CHECK(post(false, "https", {{"X-Forwarded-Proto", "https"}}, "10.0.0.1") == 0);
  CHECK(post(false, "http", {{"X-Forwarded-Proto", "http, https"}}, "10.0.0.1") == 403);
  CHECK(post(true, "http", {{"X-Forwarded-Proto", "http"}}, "10.0.0.1") == 0);
  CHECK(post(true, "http", {{"X-Forwarded-Proto", "http"}}, "1.2.3.4") ==
        403);  // not a trusted proxy
}

TEST_CASE("the host of an absolute request target overrides the Host field", "[server][http]") {
  Guard guard(GuardOptions{});
  const auto handler = [](const Request&, App&) { return Reply(); };
  const Router router({{"GET", "/a", handler}}, handler);
  const auto admitted = [&](const char* target, const char* host) {
    Request incoming = request("GET", {{"Host", host}});
    incoming.target = target;
    const Admission admission = admit(incoming, {}, router, {100, 100}, &guard);
    return admission.refusal ? admission.refusal->status : 0;
  };
  CHECK(admitted("http://localhost/a", "localhost") == 0);
  CHECK(admitted("http://evil.example/a", "localhost") == 403);
  CHECK(admitted("http://localhost/a", "evil.example") == 0);
  CHECK(admitted("http://localhost@evil.example/a", "localhost") == 400);
  for (const char* host :
       {"[::1]evil", "localhost:80@evil.com", "localhost@evil.com", "[::1", "local host",
        "localhost:80:90", "localhost:port", "", "[::1]:80evil", "localhost/", "a,b c"}) {
    INFO(host);
    CHECK(admitted("/a", host) == 400);
  }
  CHECK(admitted("/a", "[::1]:8080") == 0);
  CHECK(admitted("/a", "localhost:") == 0);
}

TEST_CASE("remote clients can only classify without tokens and under a name that is allowed",
          "[server][http]") {
  GuardOptions open;
  open.loopback = false;
  GuardOptions behind_proxy;
  behind_proxy.trusted_proxies = {"127.0.0.1"};
  for (const GuardOptions& options : {open, behind_proxy}) {
    Guard guard(options);
    CHECK(status(guard, request("GET"), Role::admin) == 403);
    CHECK(status(guard, request("GET", {{"Host", "any.name"}}), Role::predict) == 403);
    CHECK(status(guard, request("GET", {{"Host", "any.name"}}), Role::open) == 0);
    CHECK(status(guard, request("POST"), Role::predict) == 0);
    CHECK(actor(guard, request("POST")) == "anonymous");
    Request changing = request("POST");
    const auto refusal = guard.check(changing, Role::admin);
    REQUIRE(refusal);
    CHECK(refusal->status == 403);
    CHECK_THAT(refusal->body, ContainsSubstring("--token-file"));
  }
}

TEST_CASE("a request with proxy fields is not from the local user", "[server][http]") {
  Guard guard(GuardOptions{});
  for (const char* field : {"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"}) {
    INFO(field);
    CHECK(status(guard, request("POST", {{field, "1.2.3.4"}}), Role::admin) == 403);
    CHECK(actor(guard, request("POST", {{field, "1.2.3.4"}})) == "anonymous");
  }
}

TEST_CASE("a token allows what its role allows", "[server][http]") {
  GuardOptions options;
  options.tokens = kTokens;
  Guard guard(options);
  CHECK(status(guard, request("GET"), Role::open) == 0);
  CHECK(status(guard, request("POST"), Role::predict) == 401);
  CHECK(status(guard, request("GET"), Role::admin) == 401);
  CHECK(status(guard, request("POST", bearer("fedcba9876543210")), Role::predict) == 0);
  CHECK(status(guard, request("POST", bearer("fedcba9876543210")), Role::admin) == 403);
  CHECK(status(guard, request("POST", bearer("0123456789abcdef")), Role::admin) == 0);
  CHECK(status(guard, request("POST", bearer("0123456789abcdeX")), Role::predict) == 401);
  CHECK(status(guard, request("POST", bearer("")), Role::predict) == 401);
  CHECK(actor(guard, request("POST", bearer("0123456789abcdef"))) == "admin");
  CHECK(actor(guard, request("POST", bearer("fedcba9876543210"))) == "predict");
  Request bare = request("GET");
  CHECK(find_field(guard.check(bare, Role::admin)->fields, "WWW-Authenticate") == "Bearer");
  options.public_predict = true;
  Guard open(options);
  CHECK(status(open, request("POST"), Role::predict) == 0);
  CHECK(status(open, request("GET"), Role::admin) == 401);
}

TEST_CASE("a client that guesses tokens is rate limited", "[server][http]") {
  GuardOptions options;
  options.tokens = kTokens;
  Guard guard(options);
  int wrong = 0;
  while (status(guard, request("GET", bearer("guess"), "10.0.0.1"), Role::admin) == 401) ++wrong;
  CHECK(wrong == 20);
  CHECK(status(guard, request("GET", bearer("guess"), "10.0.0.1"), Role::admin) == 429);
  // The valid token is not locked out by a client that guesses from the same address.
  CHECK(status(guard, request("GET", bearer("0123456789abcdef"), "10.0.0.1"), Role::admin) == 0);
  CHECK(status(guard, request("GET", bearer("0123456789abcdef"), "10.0.0.2"), Role::admin) == 0);
}

TEST_CASE("forwarded addresses count only as far as trusted proxies added them", "[server][http]") {
  GuardOptions options;
  options.trusted_proxies = {"10.0.0.0/8", "fd00::/8"};
  Guard guard(options);
  const auto remote = [&](const std::string& peer, Fields fields) {
    Request incoming = request("GET", std::move(fields), peer);
    guard.check(incoming, Role::predict);
    return incoming.remote;
  };
  CHECK(remote("10.1.2.3", {{"X-Forwarded-For", "6.6.6.6, 1.2.3.4"}}) == "1.2.3.4");
  CHECK(remote("10.1.2.3", {{"X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.9.9.9"}}) == "1.2.3.4");
  CHECK(remote("10.1.2.3", {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "::9"}}) == "::9");
  CHECK(remote("fd00::1", {{"X-Forwarded-For", "1.2.3.4"}}) == "1.2.3.4");
  CHECK(remote("11.1.2.3", {{"X-Forwarded-For", "1.2.3.4"}}) == "11.1.2.3");
  CHECK(remote("10.1.2.3", {}) == "10.1.2.3");
  const auto from = [&](const char* value) {
    return remote("10.1.2.3", {{"X-Forwarded-For", value}});
  };
  CHECK(from("1.2.3.9:4711") == "1.2.3.9");
  CHECK(from("::ffff:1.2.3.10") == "1.2.3.10");
  CHECK(from("[2001:DB8::1]:4711") == "2001:db8::1");
  CHECK(from("[2001:db8::1]") == "2001:db8::1");
  CHECK(from("1.2.3.4, 10.9.9.9:80") == "1.2.3.4");
  // Not addresses: the client stays the proxy, and what stands before is not used.
  for (const char* garbage :
       {"unknown", "1.2.3.4, unknown", "1.2.3.4:", "1.2.3.4:port", "1.2.3.4:123456", "[::1",
        "[1.2.3.4]:80", "[::1]evil", "1.2.3.4:80:90", "", ",", "_hidden", "1.2.3", "999.1.1.1"}) {
    INFO(garbage);
    CHECK(from(garbage) == "10.1.2.3");
  }
  CHECK_THROWS_WITH(Networks().add("10.0.0.0/33"), ContainsSubstring("10.0.0.0/33"));
  CHECK_THROWS_AS(Networks().add("name.example"), FormatError);
  CHECK_THROWS_AS(Networks().add("::/129"), FormatError);
}

TEST_CASE("the rate limit is per client and exempts the local machine", "[server][http]") {
  GuardOptions options;
  options.loopback = false;
  options.rate_limit = 1;
  Guard guard(options);
  CHECK(status(guard, request("GET", {}, "10.0.0.1"), Role::predict) == 0);
  CHECK(status(guard, request("GET", {}, "10.0.0.1"), Role::predict) == 0);
  Request third = request("GET", {}, "10.0.0.1");
  const auto refusal = guard.check(third, Role::predict);
  REQUIRE(refusal);
  CHECK(refusal->status == 429);
  CHECK(find_field(refusal->fields, "Retry-After") == "1");
  CHECK(status(guard, request("GET", {}, "10.0.0.1"), Role::open) == 0);
  CHECK(status(guard, request("GET", {}, "10.0.0.2"), Role::predict) == 0);
  for (int i = 0; i < 10; ++i) CHECK(status(guard, request("GET"), Role::predict) == 0);
  RateLimit limit(10, 2);
  const auto start = RateLimit::Clock::now();
  CHECK(limit.take("a", start));
  CHECK(limit.take("a", start));
  CHECK_FALSE(limit.take("a", start));
  CHECK(limit.take("a", start + std::chrono::milliseconds(101)));
  CHECK(client_key("1.2.3.4") == client_key("::ffff:1.2.3.4"));
  CHECK(client_key("1.2.3.4") != client_key("1.2.3.5"));
  CHECK(client_key("2001:db8::1") == client_key("2001:db8::2"));
  CHECK(client_key("2001:db8::1") != client_key("2001:db8:0:1::1"));
}

TEST_CASE("a changed token file is reloaded and an invalid one keeps the old tokens",
          "[server][http]") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "tokens";
  std::ofstream(file) << "# mine\n\n admin:first-token-0123\r\n";
  Tokens tokens("", file);
  CHECK(tokens.find("first-token-0123")->role == Role::admin);
  const auto rewrite = [&](const char* text) {
    std::ofstream(file) << text;
    std::this_thread::sleep_for(std::chrono::milliseconds(1050));
    tokens.refresh();
  };
  rewrite("predict:second-token-0123\n");
  CHECK_FALSE(tokens.find("first-token-0123"));
  CHECK(tokens.find("second-token-0123")->role == Role::predict);
  rewrite("");
  CHECK(tokens.find("second-token-0123")->role == Role::predict);
  CHECK_THAT(tokens.problem(), ContainsSubstring("no token"));
  for (const char* text :
       {"root:0123456789abcdef", "admin:short", "admin", "admin:0123456789 abcdef"}) {
    CHECK_THROWS_WITH(Tokens(text, ""), ContainsSubstring("line 1"));
  }
}

TEST_CASE("only allowed origins get CORS fields and preflight responses", "[server][http]") {
  GuardOptions options;
  options.cors_origins = {"https://friend.example"};
  Guard guard(options);
  const Fields expected{{"Origin", "https://friend.example"},
                        {"Access-Control-Request-Method", "PUT"}};
  CHECK(guard.preflight(request("OPTIONS", expected))->status == 204);
  CHECK(find_field(guard.cors_fields(request("GET", expected)), "Access-Control-Allow-Origin") ==
        "https://friend.example");
  CHECK(find_field(guard.cors_fields(request("GET", expected)), "Cross-Origin-Resource-Policy") ==
        "cross-origin");
  const Fields other{{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "PUT"}};
  CHECK_FALSE(guard.preflight(request("OPTIONS", other)));
  CHECK_FALSE(find_field(guard.cors_fields(request("GET", other)), "Access-Control-Allow-Origin"));
  CHECK(Guard(GuardOptions{}).cors_fields(request("GET", expected)).empty());
}

TEST_CASE("a route without a role needs the admin role", "[server][http]") {
  GuardOptions options;
  options.tokens = kTokens;
  Guard guard(options);
  const auto handler = [](const Request&, App&) { return Reply(); };
  const Router router({{"GET", "/closed", handler}, {"GET", "/free", handler, Role::open}},
                      handler);
  const auto admitted = [&](const std::string& path, Fields fields) {
    Request incoming = request("GET", std::move(fields));
    incoming.target = path;
    const Admission admission = admit(incoming, {}, router, {100, 100}, &guard);
    return admission.refusal ? admission.refusal->status : 0;
  };
  CHECK(admitted("/closed", {}) == 401);
  CHECK(admitted("/closed", bearer("fedcba9876543210")) == 403);
  CHECK(admitted("/closed", bearer("0123456789abcdef")) == 0);
  CHECK(admitted("/free", {}) == 0);
  CHECK(admitted("/page", {}) == 0);
}

TEST_CASE("a token can be restricted to a project", "[server][http]") {
  GuardOptions options;
  options.tokens = "admin@hands:0123456789abcdef,predict@default:fedcba9876543210";
  Guard guard(options);
  const auto check = [&](const char* token, Role role, const char* project, Request& incoming) {
    incoming = request("POST", bearer(token));
    const auto refusal = guard.check(incoming, role, project);
    return refusal ? refusal->status : 0;
  };
  Request incoming;
  CHECK(check("0123456789abcdef", Role::admin, "hands", incoming) == 0);
  CHECK(incoming.actor == "admin");
  CHECK(incoming.only_project == "hands");
  CHECK(incoming.may_use("hands"));
  CHECK_FALSE(incoming.may_use("default"));
  for (const char* other : {"default", "hand", "hands2"}) {
    CHECK(check("0123456789abcdef", Role::predict, other, incoming) == 403);
  }
  CHECK(check("0123456789abcdef", Role::predict, "", incoming) == 0);  // server-wide
  CHECK(check("fedcba9876543210", Role::predict, "default", incoming) == 0);
  CHECK(check("fedcba9876543210", Role::admin, "default", incoming) == 403);
  CHECK(check("fedcba9876543210", Role::predict, "hands", incoming) == 403);
}

TEST_CASE("a malformed project of a token is an error", "[server][http]") {
  for (const char* text :
       {"admin@:0123456789abcdef", "admin@../x:0123456789abcdef", "admin@Hands:0123456789abcdef",
        "@hands:0123456789abcdef", "admin@a@b:0123456789abcdef", "root@hands:0123456789abcdef"}) {
    INFO(text);
    CHECK_THROWS_WITH(Tokens(text, ""), ContainsSubstring("line 1"));
  }
}

TEST_CASE("a token that is listed twice is not restricted if one of its lines is not",
          "[server][http]") {
  for (const char* text : {"admin:0123456789abcdef,predict@hands:0123456789abcdef",
                           "predict@hands:0123456789abcdef,predict:0123456789abcdef,"
                           "admin:0123456789abcdef"}) {
    const auto grant = Tokens(text, "").find("0123456789abcdef");
    REQUIRE(grant);
    CHECK(grant->role == Role::admin);
    CHECK(grant->project.empty());
  }
}
