#include <algorithm>
#include <new>

#include <fmt/core.h>
#include <boost/asio/write.hpp>

#include "server/http/networks.h"
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
std::string_view view(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

// False if the system has not that much memory.
bool try_reserve(std::string& text, std::size_t bytes) {
  try {
    text.reserve(bytes);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
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

// Reads until the parser has the head, or until the head turns out to have a folded line: the
// parser would join such lines, and a proxy in front of the server may read them differently. A
// folded Transfer-Encoding hides the end of a body.
Task<ErrorCode> Session::read_head(Parser& parser, bool& folded) {
  constexpr std::size_t kRead = 4096;
  while (true) {
    const std::string_view bytes = view(buffer_), head = bytes.substr(0, bytes.find("\r\n\r\n"));
    folded = head.find("\r\n ") != head.npos || head.find("\r\n\t") != head.npos;
    if (folded) co_return ErrorCode();
    if (!bytes.empty()) {
      ErrorCode error;
      buffer_.consume(parser.put(buffer_.data(), error));  // takes nothing of an incomplete head
      if (parser.is_header_done()) co_return ErrorCode();
      if (error && error != wire::error::need_more) co_return error;
    }
    const auto [error, size] = co_await transport_.async_read_some(buffer_.prepare(kRead), kAwait);
    if (error) co_return error;
    buffer_.commit(size);
  }
}

Task<std::optional<Admission>> Session::read_request(Parser& parser, Request& request,
                                                     BodyBudget::Share& share) {
  parser.header_limit(context_.options.max_head);
  parser.body_limit(boost::none);  // read_body() sets it, when the route is known
  set_timeout(context_.options.head_timeout);
  bool folded = false;
  if (const ErrorCode error = co_await read_head(parser, folded)) {
    co_return read_failed(request, error, {});
  }
  if (folded) {
    Admission admission;
    admission.refusal = problem(request, 400,
                                "a field of the request head continues on the next line, which is "
                                "not supported (RFC 9112, 5.2)");
    co_return admission;
  }
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
  if (!admission.refusal) find_project(request, admission);
  if (admission.refusal || parser.is_done()) co_return admission;
  co_return co_await read_body(parser, request, std::move(admission), share);
}

Task<std::optional<Admission>> Session::read_body(Parser& parser, const Request& request,
                                                  Admission admission, BodyBudget::Share& share) {
  parser.body_limit(admission.body_limit);
  parser.eager(true);
  set_waiting(true);
  if (!is_loopback(request.remote)) share.set_client(client_key(request.remote));
  const std::uint64_t most = parser.content_length().value_or(admission.body_limit);
  const auto refuse = [&] {
    admission.refusal = too_many_bodies(request);
    return std::move(admission);
  };
  // Refused at once if it does not fit now. It takes its share as the bytes arrive, so that an
  // announced length costs the others nothing.
  if (!share.could_grow_to(parser.content_length().value_or(0))) co_return refuse();
  if (request.field("Expect") && parser.get().version() >= 11 && !co_await send_continue()) {
    co_return std::nullopt;
  }
  std::string& body = parser.get().body();
  auto deadline = std::chrono::steady_clock::now() + context_.options.body_timeout;
  for (std::uint64_t next_deadline = kBytesPerTimeout; !parser.is_done();) {
    if (body.capacity() < std::min<std::uint64_t>(body.size() + kMaxRead, most)) {
      const std::uint64_t room =
          std::min(most, std::max<std::uint64_t>(2 * body.capacity(), body.size() + kMaxRead));
      if (!share.grow_to(room) || !try_reserve(body, room)) co_return refuse();
    }
    // A body that makes no progress ends earlier than one on a slow line.
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    set_timeout(std::clamp(left, std::chrono::milliseconds(0), context_.options.stall_timeout));
    const auto [error, size] = co_await wire::async_read_some(transport_, buffer_, parser, kAwait);
    (void)size;
    if (error) co_return read_failed(request, error, std::move(admission));
    if (body.size() < next_deadline) continue;
    set_waiting(true);  // it makes progress
    next_deadline = body.size() + kBytesPerTimeout;
    deadline = std::chrono::steady_clock::now() + context_.options.body_timeout;
  }
  co_return admission;
}

Task<bool> Session::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  set_timeout(context_.options.body_timeout);
  const auto [error, size] = co_await asio::async_write(
      transport_, asio::buffer(kContinue.data(), kContinue.size()), kAwait);
  (void)size;
  co_return !error;
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
