#include <algorithm>

#include <fmt/core.h>
#include <boost/asio/write.hpp>

#include "server/http/problem.h"
#include "server/http/reply_fields.h"
#include "server/http/session.h"

namespace fovea::server {
namespace {

// More than one read returns.
constexpr std::uint64_t kMaxRead = 128 << 10;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

Reply too_many_bodies(const Request& request) {
  Reply reply = problem(
      request, 503, "the requests in progress use all memory for bodies; try again in a second");
  reply.fields.emplace_back("Retry-After", "1");
  return reply;
}

}  // namespace

Task<bool> Session::handshake() {
  if (!transport_.is_secure()) co_return true;
  set_timeout(context_.options.head_timeout);
  const ErrorCode error = co_await transport_.handshake();
  clear_timeout();
  if (transport_.drop_tls_for_plain_http(error)) co_await reject_plain_http();
  co_return !error && phase_ != Phase::closed;
}

// For a client that uses http:// on an HTTPS port.
Task<void> Session::reject_plain_http() {
  const auto started = std::chrono::steady_clock::now();
  Request request;
  request.remote = remote_;
  request.id = make_request_id();
  request.verb = request.target = "-";
  Reply reply = problem(request, 400, "this port serves HTTPS; use an https:// address");
  const Written written = co_await write(request, reply, 11, false);
  log_access(request, reply, written, nullptr, started);
  if (written.complete) co_await linger();
}

Task<std::optional<Admission>> Session::read_request(Parser& parser, Request& request,
                                                     BodyBudget::Share& share) {
  parser.header_limit(context_.options.max_head);
  parser.body_limit(boost::none);  // read_body() sets it, when the route is known
  set_timeout(context_.options.head_timeout);
  const auto [error, size] = co_await wire::async_read_header(transport_, buffer_, parser, kAwait);
  (void)size;
  if (error) co_return read_failed(request, error, {});
  if (phase_ == Phase::closed) co_return std::nullopt;
  phase_ = Phase::busy;
  const auto& head = parser.get();
  request.verb = view(head.method_string());
  request.target = view(head.target());
  for (const auto& field : head) {
    request.fields.emplace_back(view(field.name_string()), view(field.value()));
  }
  Framing framing{head.version(), std::nullopt};
  if (const auto length = parser.content_length()) framing.content_length = *length;
  Admission admission =
      admit(request, framing, context_.router,
            {context_.options.max_body, context_.options.max_bodies}, context_.options.guard.get());
  if (admission.refusal || parser.is_done()) co_return admission;
  co_return co_await read_body(parser, request, std::move(admission), share);
}

Task<std::optional<Admission>> Session::read_body(Parser& parser, const Request& request,
                                                  Admission admission, BodyBudget::Share& share) {
  parser.body_limit(admission.body_limit);
  parser.eager(true);
  const auto announced = parser.content_length();
  if (!share.grow_to(announced.value_or(0))) {
    admission.refusal = too_many_bodies(request);
    co_return admission;
  }
  set_timeout(context_.options.body_timeout);
  if (request.field("Expect") && parser.get().version() >= 11) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, size] = co_await asio::async_write(
        transport_, asio::buffer(kContinue.data(), kContinue.size()), kAwait);
    (void)size;
    if (error) co_return std::nullopt;
  }
  std::string& body = parser.get().body();
  for (std::uint64_t next_timeout = kBytesPerTimeout; !parser.is_done();) {
    if (!announced && body.capacity() < body.size() + kMaxRead) {
      const std::uint64_t room = std::clamp<std::uint64_t>(
          2 * body.capacity(), kMaxRead, std::max(kMaxRead, admission.body_limit));
      if (!share.grow_to(room)) {
        admission.refusal = too_many_bodies(request);
        co_return admission;
      }
      body.reserve(room);
    }
    const auto [error, size] = co_await wire::async_read_some(transport_, buffer_, parser, kAwait);
    (void)size;
    if (error) co_return read_failed(request, error, std::move(admission));
    if (body.size() < next_timeout) continue;
    next_timeout = body.size() + kBytesPerTimeout;
    set_timeout(context_.options.body_timeout);
  }
  co_return admission;
}

// The error response for a failed read; nullopt after a reset, an early end or a drain, when the
// peer cannot read a response.
std::optional<Admission> Session::read_failed(const Request& request, ErrorCode error,
                                              Admission admission) const {
  const bool http = error.category() == wire::make_error_code(wire::error::bad_method).category();
  if (timed_out_) {
    admission.refusal = problem(request, 408, "the request did not arrive in time");
  } else if (!http || error == wire::error::end_of_stream ||
             error == wire::error::partial_message) {
    return std::nullopt;
  } else if (error == wire::error::body_limit) {
    admission.refusal = body_too_large(request, admission.body_limit);
  } else if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
    admission.refusal = problem(request, 431,
                                fmt::format("the request head, or chunk extensions and trailers, "
                                            "exceed the limit of {} bytes",
                                            context_.options.max_head));
  } else {
    admission.refusal = problem(request, 400, "malformed HTTP: " + error.message());
  }
  return admission;
}

}  // namespace fovea::server
