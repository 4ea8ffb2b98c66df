#include "server/http/guard.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/http/problem.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

constexpr double kWrongTokensBurst = 20;
constexpr double kWrongTokensRate = 0.2;  // per second

bool is_read_only(std::string_view verb) {
  return verb == "GET" || verb == "HEAD" || verb == "OPTIONS";
}

// "[::1]:8080" -> "::1", "localhost:8080" -> "localhost". REQUIRES: is_valid_host(host)
std::string_view host_name(std::string_view host) {
  if (!host.empty() && host.front() == '[') return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

// Whether a page of this origin came from this server. A request without TLS may have come through
// a proxy with TLS that is not in the list of trusted ones, so both schemes are accepted. Over TLS
// an http page is foreign: anyone on the network path could have written it.
bool is_own_origin(std::string_view origin, const Request& request) {
  const std::string host(request.field("Host").value_or(""));
  return iequals(origin, "https://" + host) ||
         (!request.secure && iequals(origin, "http://" + host));
}

std::optional<std::string_view> bearer_token(const Request& request) {
  const auto field = request.field("Authorization");
  if (!field || !iequals(field->substr(0, 7), "Bearer ")) return std::nullopt;
  return trim(field->substr(7), " ");
}

bool has_proxy_fields(const Request& request) {
  constexpr std::array kFields{"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"};
  return std::any_of(kFields.begin(), kFields.end(),
                     [&](const char* name) { return request.field(name).has_value(); });
}

Reply too_many(const Request& request, const std::string& what, int seconds) {
  Reply reply =
      problem(request, 429,
              fmt::format("too many {} from {}; try again in {} s", what, request.remote, seconds));
  reply.fields.emplace_back("Retry-After", std::to_string(seconds));
  return reply;
}

Reply unauthorised(const Request& request, const std::string& text, const char* challenge) {
  Reply reply = problem(request, 401, text);
  reply.fields.emplace_back("WWW-Authenticate", challenge);
  return reply;
}

}  // namespace

Guard::Guard(const GuardOptions& options)
    : options_(options),
      tokens_(options.tokens, options.token_file),
      wrong_tokens_(kWrongTokensRate, kWrongTokensBurst) {
  for (const std::string& network : options.trusted_proxies) proxies_.add(network);
  if (options.rate_limit > 0) {
    requests_.emplace(options.rate_limit, std::max(1.0, 2 * options.rate_limit));
  }
}

// The client is the last address in X-Forwarded-For that is not a trusted proxy: a client can write
// anything before it. For the same reason the last value of X-Forwarded-Proto counts. A value that
// is not an address ("unknown") ends the search: what stands before it is not trustworthy.
void Guard::find_client(Request& request) const {
  if (!proxies_.contains(request.remote)) return;
  if (const auto schemes = request.field("X-Forwarded-Proto")) {
    request.secure = iequals(trim(schemes->substr(schemes->rfind(',') + 1), " "), "https");
  }
  std::vector<std::string> values;
  for (const auto& [name, value] : request.fields) {
    if (iequals(name, "X-Forwarded-For")) values.push_back(value);
  }
  const std::string list = join(values, ",");
  std::string_view rest = list;
  while (!rest.empty() && proxies_.contains(request.remote)) {
    const std::size_t comma = rest.rfind(',');
    const std::size_t from = comma == std::string_view::npos ? 0 : comma + 1;
    const std::string_view address = trim(rest.substr(from), " ");
    rest = rest.substr(0, from == 0 ? 0 : comma);
    const std::string client = plain_address(address);
    if (client.empty()) return;
    request.remote = client;
  }
}

std::optional<Reply> Guard::check(Request& request, Role needed, std::string_view project) {
  if (tokens_.refresh() && options_.on_problem) {
    options_.on_problem("the token file was not reloaded: " + tokens_.problem());
  }
  const bool direct = !proxies_.contains(request.remote);
  find_client(request);
  const bool exempt = needed == Role::open || (direct && is_loopback(request.remote));
  if (requests_ && !exempt && !requests_->take(client_key(request.remote))) {
    return too_many(request, "requests", requests_->retry_after());
  }
  request.actor = "anonymous";
  const auto token = bearer_token(request);
  if (tokens_.any() && token && needed != Role::open) {
    return check_token(request, needed, project, *token);
  }
  return check_without_token(request, needed);
}

std::optional<Reply> Guard::check_token(Request& request, Role needed, std::string_view project,
                                        std::string_view token) {
  // Only wrong tokens are limited: a client with a valid one may share its address, for example
  // behind a proxy or a router, with one that guesses.
  const auto grant = tokens_.find(token);
  if (!grant) {
    if (!wrong_tokens_.take(client_key(request.remote))) {
      return too_many(request, "wrong tokens", wrong_tokens_.retry_after());
    }
    return unauthorised(request, "the token is not valid", R"(Bearer error="invalid_token")");
  }
  request.actor = grant->role == Role::admin ? "admin" : "predict";
  request.only_project = grant->project;
  if (!project.empty() && !request.may_use(project)) {
    return problem(request, 403,
                   fmt::format("this token is restricted to the project \"{0}\", whose paths begin "
                               "with /api/v1/projects/{0}/",
                               grant->project));
  }
  if (needed == Role::admin && grant->role != Role::admin) {
    return problem(request, 403, "this request needs a token with the role admin, not predict");
  }
  return std::nullopt;
}

std::optional<Reply> Guard::check_without_token(Request& request, Role needed) {
  if (!tokens_.any() && options_.loopback && proxies_.empty() && !has_proxy_fields(request)) {
    request.actor = "local";
    if (auto refusal = check_host(request)) return refusal;
    return check_origin(request);
  }
  if (auto refusal = check_origin(request)) return refusal;
  if (needed == Role::open) return std::nullopt;
  if (!tokens_.any()) {
    // Any client that reaches the server has these rights, but a web page that it opens must not.
    if (auto refusal = check_host(request)) return refusal;
    if (needed == Role::predict) return std::nullopt;
    return problem(
        request, 403,
        "only classifying is possible, because this server is reachable from other machines and "
        "has no tokens; write a line admin:TOKEN (16 or more characters) into a file, start the "
        "server with --token-file FILE, and send Authorization: Bearer TOKEN");
  }
  if (needed == Role::predict && options_.public_predict) return std::nullopt;
  return unauthorised(request, "this request needs a token; send Authorization: Bearer TOKEN",
                      "Bearer");
}

// Prevents DNS rebinding: a page whose host name resolves to this machine could otherwise read the
// responses.
std::optional<Reply> Guard::check_host(const Request& request) const {
  const auto field = request.field("Host");
  if (!field) return std::nullopt;  // HTTP/1.0, so not a browser
  const std::string_view name = host_name(*field);
  const auto& names = options_.host_names;
  // A foreign site can point a name here, but not an address.
  const bool is_local = options_.loopback ? is_loopback(name) : !plain_address(name).empty();
  const bool known = iequals(name, "localhost") || is_local ||
                     std::any_of(names.begin(), names.end(),
                                 [&](const auto& allowed) { return iequals(allowed, name); });
  if (known) return std::nullopt;
  return problem(request, 403,
                 fmt::format("the host name {} is not allowed; allow it with --host-name, or use "
                             "localhost",
                             name));
}

// Prevents cross-site request forgery: a page of another site can send a form to this server, which
// would act with the rights of the visitor's address.
std::optional<Reply> Guard::check_origin(const Request& request) const {
  if (is_read_only(request.verb)) return std::nullopt;
  const auto origin = request.field("Origin");
  const auto site = request.field("Sec-Fetch-Site");
  if (origin && allows_origin(*origin)) return std::nullopt;
  const bool foreign = (origin && !is_own_origin(*origin, request)) ||
                       (site && *site != "same-origin" && *site != "none");
  if (!foreign) return std::nullopt;
  return problem(request, 403,
                 fmt::format("requests from pages of {} are not allowed; allow them with "
                             "--cors-origin",
                             origin.value_or("another site")));
}

bool Guard::allows_origin(std::string_view origin) const {
  const auto& allowed = options_.cors_origins;
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& each) { return iequals(each, origin); });
}

std::optional<Reply> Guard::preflight(const Request& request) const {
  const auto origin = request.field("Origin");
  if (request.verb != "OPTIONS" || !origin || !allows_origin(*origin) ||
      !request.field("Access-Control-Request-Method")) {
    return std::nullopt;
  }
  Reply reply;
  reply.status = 204;
  reply.fields = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
                  {"Access-Control-Allow-Headers",
                   "Authorization, Content-Type, Idempotency-Key, If-None-Match, "
                   "Inference-Header-Content-Length, Last-Event-ID, X-Request-Id, traceparent"},
                  {"Access-Control-Max-Age", "600"}};
  return reply;
}

Fields Guard::cors_fields(const Request& request) const {
  const auto origin = request.field("Origin");
  if (options_.cors_origins.empty()) return {};
  if (!origin || !allows_origin(*origin)) return {{"Vary", "Origin"}};
  return {{"Vary", "Origin"},
          {"Access-Control-Allow-Origin", std::string(*origin)},
          {"Access-Control-Expose-Headers", "ETag, Location, Retry-After, X-Request-Id"},
          {"Cross-Origin-Resource-Policy", "cross-origin"}};
}

}  // namespace fovea::server
