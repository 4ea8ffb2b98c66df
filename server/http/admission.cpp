#include "server/http/admission.h"

#include <algorithm>

#include "engine/core/error.h"
#include "server/http/problem.h"
#include "server/http/reply_fields.h"
#include "server/http/target.h"

namespace fovea::server {
namespace {

auto count(const Request& request, std::string_view name) {
  return std::count_if(request.fields.begin(), request.fields.end(),
                       [&](const auto& field) { return same_name(field.first, name); });
}

// Whether the body's end is beyond doubt. Anything else that stands between the client and us may
// see another end and let a second request through unseen (RFC 9112, 6.1 and 11.2).
std::optional<Reply> check_framing(const Request& request, const Framing& framing) {
  const auto length = request.field("Content-Length");
  if (length && (count(request, "Content-Length") > 1 ||
                 length->find_first_not_of("0123456789") != std::string_view::npos)) {
    return problem(request, 400, "Content-Length is not one number");
  }
  const auto encoding = request.field("Transfer-Encoding");
  if (!encoding) return std::nullopt;
  if (count(request, "Transfer-Encoding") > 1 || !same_name(*encoding, "chunked")) {
    return problem(request, 501, "of Transfer-Encoding only one chunked is supported");
  }
  if (length) {
    return problem(request, 400, "Transfer-Encoding and Content-Length exclude each other");
  }
  if (framing.version < 11) {
    return problem(request, 400, "Transfer-Encoding needs HTTP/1.1");
  }
  return std::nullopt;
}

std::optional<Reply> check_address(Request& request, const Framing& framing) {
  const auto hosts = count(request, "Host");
  if (hosts > 1 || (hosts == 0 && framing.version >= 11)) {
    return problem(request, 400, "the request needs exactly one Host field");
  }
  try {
    Target target = parse_target(request.target);
    request.path = std::move(target.path);
    request.query = std::move(target.query);
    if (!target.host.empty()) {  // it counts, and not the field (RFC 9112, 3.2.2)
      std::erase_if(request.fields, [](const auto& each) { return same_name(each.first, "Host"); });
      request.fields.emplace_back("Host", std::move(target.host));
    }
  } catch (const FormatError& error) {
    request.path = request.target.substr(0, request.target.find('?'));  // as far as it can be told
    return problem(request, 400, error.what());
  }
  return std::nullopt;
}

Reply no_route(const Request& request, const Match& match) {
  if (match.allow.empty()) return problem(request, 404, "there is nothing at " + request.path);
  Reply reply = problem(request, 405,
                        request.path + " does not take " + request.verb + ", but " + match.allow);
  reply.fields.emplace_back("Allow", match.allow);
  return reply;
}

// A filter that nobody reads must not pass for one: "?confirm=all&label=dog" is not "?confirm=all".
std::optional<Reply> check_query(const Request& request, const Route& route) {
  if (!route.query) return std::nullopt;
  for (const auto& [name, value] : request.query) {
    if (std::find(route.query->begin(), route.query->end(), name) != route.query->end()) continue;
    std::string known;
    for (const std::string& one : *route.query) known += (known.empty() ? "" : ", ") + one;
    return problem(request, 400,
                   "there is no parameter \"" + name + "\" here; " +
                       (known.empty() ? "this address takes none" : "there are: " + known));
  }
  return std::nullopt;
}

std::optional<Reply> check_body(const Request& request, const Framing& framing,
                                std::uint64_t limit) {
  if (framing.content_length.value_or(0) > limit) return body_too_large(request, limit);
  const auto expect = request.field("Expect");
  if (expect && !same_name(*expect, "100-continue")) {
    return problem(request, 417, "of Expect only 100-continue is supported");
  }
  return std::nullopt;
}

// A route that states more than what is usual for all (ServerOptions) means it.
std::uint64_t body_limit(std::uint64_t own, const BodyLimits& limits) {
  constexpr std::uint64_t kUsual = 32 << 20;
  const std::uint64_t limit = own == 0       ? limits.usual
                              : own > kUsual ? std::max(own, limits.usual)
                                             : std::min(own, limits.usual);
  return std::min(limit, limits.together);
}

}  // namespace

Reply body_too_large(const Request& request, std::uint64_t limit) {
  return problem(request, 413,
                 "the request body exceeds the limit of " + std::to_string(limit) + " bytes");
}

Admission admit(Request& request, const Framing& framing, const Router& router,
                const BodyLimits& limits, Guard* guard) {
  Admission admission;
  const auto id = request.field("X-Request-Id");
  if (id && is_sane_request_id(*id)) request.id = *id;
  admission.refusal = check_framing(request, framing);
  if (!admission.refusal) admission.refusal = check_address(request, framing);
  admission.close = admission.refusal.has_value();
  if (admission.close) return admission;
  if (guard && (admission.refusal = guard->preflight(request))) return admission;
  admission.match = router.match(request.verb, request.path);
  if (!admission.match.route) {
    admission.refusal = no_route(request, admission.match);
    return admission;
  }
  if (guard && (admission.refusal = guard->check(request, admission.match.route->role))) {
    return admission;
  }
  if ((admission.refusal = check_query(request, *admission.match.route))) return admission;
  admission.body_limit = body_limit(admission.match.route->max_body, limits);
  admission.refusal = check_body(request, framing, admission.body_limit);
  return admission;
}

}  // namespace fovea::server
