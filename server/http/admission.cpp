#include "server/http/admission.h"

#include <algorithm>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "server/http/problem.h"
#include "server/http/reply_fields.h"
#include "server/http/target.h"

namespace fovea::server {
namespace {

auto count(const Request& request, std::string_view name) {
  return std::count_if(request.fields.begin(), request.fields.end(),
                       [&](const auto& field) { return iequals(field.first, name); });
}

// Rejects requests whose body has an ambiguous end. A proxy in front of the server could see
// another end and let a second request through unchecked (RFC 9112, 6.1 and 11.2).
std::optional<Reply> check_framing(const Request& request, const Framing& framing) {
  const auto length = request.field("Content-Length");
  if (length && (count(request, "Content-Length") > 1 ||
                 length->find_first_not_of("0123456789") != std::string_view::npos)) {
    return problem(request, 400, "Content-Length is not a single number");
  }
  const auto encoding = request.field("Transfer-Encoding");
  if (!encoding) return std::nullopt;
  if (count(request, "Transfer-Encoding") > 1 || !iequals(*encoding, "chunked")) {
    return problem(request, 501, "the only supported Transfer-Encoding is chunked");
  }
  if (length) {
    return problem(request, 400, "the request has both Transfer-Encoding and Content-Length");
  }
  if (framing.version < 11) {
    return problem(request, 400, "Transfer-Encoding needs HTTP/1.1");
  }
  return std::nullopt;
}

std::optional<Reply> check_target(Request& request, const Framing& framing) {
  const auto hosts = count(request, "Host");
  if (hosts > 1 || (hosts == 0 && framing.version >= 11)) {
    return problem(request, 400, "the request must have exactly one Host field");
  }
  try {
    Target target = parse_target(request.target);
    request.path = std::move(target.path);
    request.query = std::move(target.query);
    if (!target.host.empty()) {  // it overrides the Host field (RFC 9112, 3.2.2)
      std::erase_if(request.fields, [](const auto& field) { return iequals(field.first, "Host"); });
      request.fields.emplace_back("Host", std::move(target.host));
    }
    const auto host = request.field("Host");
    if (host && !is_valid_host(*host)) {
      return problem(request, 400,
                     "the Host field is not a host name or address with or without "
                     "a port");
    }
  } catch (const FormatError& error) {
    request.path = request.target.substr(0, request.target.find('?'));  // for the error response
    return problem(request, 400, error.what());
  }
  return std::nullopt;
}

Reply no_route(const Request& request, const Match& match) {
  if (match.allow.empty()) {
    return problem(request, 404, fmt::format("{} does not exist", request.path));
  }
  Reply reply = problem(request, 405,
                        fmt::format("{} does not support {}; it supports {}", request.path,
                                    request.verb, match.allow));
  reply.fields.emplace_back("Allow", match.allow);
  return reply;
}

// An unknown parameter is an error, because ignoring a misspelt filter would widen the request:
// "?confirm=all&label=dog" must not delete everything.
std::optional<Reply> check_query(const Request& request, const Route& route) {
  if (!route.query) return std::nullopt;
  const std::vector<std::string>& known = *route.query;
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return problem(request, 400,
                   fmt::format("unknown query parameter \"{}\"; {}", name,
                               known.empty() ? "this path has no parameters"
                                             : "the parameters are " + join(known)));
  }
  return std::nullopt;
}

// The only place that checks it: no handler decompresses a body.
std::optional<Reply> check_encoding(const Request& request) {
  for (const auto& [name, value] : request.fields) {
    if (!iequals(name, "Content-Encoding") || value.empty() || iequals(value, "identity")) continue;
    Reply reply = problem(request, 415, "a compressed body is not supported");
    reply.fields.emplace_back("Accept-Encoding", "identity");
    return reply;
  }
  return std::nullopt;
}

std::optional<Reply> check_body(const Request& request, const Framing& framing,
                                std::uint64_t limit) {
  if (auto refusal = check_encoding(request)) return refusal;
  if (framing.content_length.value_or(0) > limit) return body_too_large(request, limit);
  const auto expect = request.field("Expect");
  if (expect && !iequals(*expect, "100-continue")) {
    return problem(request, 417, "the only supported Expect is 100-continue");
  }
  return std::nullopt;
}

// The limit of a route applies as it stands if it is larger than the usual 32 MiB. A smaller one
// applies unless the operator set an even smaller limit for all requests.
std::uint64_t body_limit(std::uint64_t route_limit, const BodyLimits& limits) {
  constexpr std::uint64_t kUsual = 32 << 20;
  std::uint64_t limit = limits.per_request;
  if (route_limit > kUsual) {
    limit = std::max(route_limit, limit);
  } else if (route_limit > 0) {
    limit = std::min(route_limit, limit);
  }
  return std::min(limit, limits.total);
}

}  // namespace

Reply body_too_large(const Request& request, std::uint64_t limit) {
  return problem(request, 413,
                 fmt::format("the request body exceeds the limit of {} bytes", limit));
}

Admission admit(Request& request, const Framing& framing, const Router& router,
                const BodyLimits& limits, Guard* guard) {
  Admission admission;
  const auto id = request.field("X-Request-Id");
  if (id && is_valid_request_id(*id)) request.id = *id;
  admission.refusal = check_framing(request, framing);
  if (!admission.refusal) admission.refusal = check_target(request, framing);
  admission.close = admission.refusal.has_value();
  if (admission.close) return admission;
  if (guard && (admission.refusal = guard->preflight(request))) return admission;
  admission.match = router.match(request.verb, request.path);
  if (!admission.match.route) {
    admission.refusal = no_route(request, admission.match);
    return admission;
  }
  const Match& match = admission.match;
  if (guard && (admission.refusal = guard->check(request, match.route->role, match.project))) {
    return admission;
  }
  if ((admission.refusal = check_query(request, *admission.match.route))) return admission;
  admission.body_limit = body_limit(admission.match.route->max_body, limits);
  admission.refusal = check_body(request, framing, admission.body_limit);
  return admission;
}

}  // namespace fovea::server
