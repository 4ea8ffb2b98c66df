#include <algorithm>

#include <boost/asio/write.hpp>

#include "server/http/problem.h"
#include "server/http/reply_fields.h"
#include "server/http/session.h"

namespace fovea::server {
namespace {

// More than one read brings.
constexpr std::uint64_t kMostRead = 128 << 10;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

Reply too_many_bodies(const Request& request) {
  Reply reply = problem(
      request, 503, "the server is receiving as much as it has memory for; try again in a second");
  reply.fields.emplace_back("Retry-After", "1");
  return reply;
}

}  // namespace

Task<bool> Session::greet() {
  if (!transport_.is_secure()) co_return true;
  arm(context_.options.head_timeout);
  const ErrorCode error = co_await transport_.handshake();
  disarm();
  if (transport_.goes_on_without_tls(error)) co_await refuse_plain_http();
  co_return !error && phase_ != Phase::closed;
}

// Somebody wrote http:// where https:// is spoken.
Task<void> Session::refuse_plain_http() {
  const auto started = std::chrono::steady_clock::now();
  Request request;
  request.remote = remote_;
  request.id = make_request_id();
  request.verb = request.target = "-";
  Reply reply = problem(request, 400, "this port speaks HTTPS; begin the address with https://");
  const Written written = co_await write(request, reply, 11, false);
  report(request, reply, written, nullptr, started);
  if (written.whole) co_await linger();
}

Task<std::optional<Admission>> Session::read_request(Parser& parser, Request& request,
                                                     BodyBudget::Share& share) {
  parser.header_limit(context_.options.max_head);
  parser.body_limit(boost::none);  // set once the route is known
  arm(context_.options.head_timeout);
  const auto [error, size] = co_await wire::async_read_header(transport_, buffer_, parser, kAwait);
  (void)size;
  if (error) co_return explain(request, error, {});
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
  arm(context_.options.body_timeout);
  if (request.field("Expect") && parser.get().version() >= 11) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, size] = co_await asio::async_write(
        transport_, asio::buffer(kContinue.data(), kContinue.size()), kAwait);
    (void)size;
    if (error) co_return std::nullopt;
  }
  std::string& body = parser.get().body();
  for (std::uint64_t pace = kPace; !parser.is_done();) {
    if (!announced && body.capacity() < body.size() + kMostRead) {
      const std::uint64_t room = std::clamp<std::uint64_t>(
          2 * body.capacity(), kMostRead, std::max(kMostRead, admission.body_limit));
      if (!share.grow_to(room)) {
        admission.refusal = too_many_bodies(request);
        co_return admission;
      }
      body.reserve(room);
    }
    const auto [error, size] = co_await wire::async_read_some(transport_, buffer_, parser, kAwait);
    (void)size;
    if (error) co_return explain(request, error, std::move(admission));
    if (body.size() < pace) continue;
    pace = body.size() + kPace;
    arm(context_.options.body_timeout);
  }
  co_return admission;
}

// What to tell the peer about a failed read; nothing after a reset, an early end or a drain, when
// nobody is there to be told.
std::optional<Admission> Session::explain(const Request& request, ErrorCode error,
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
                                "the request head, or what stands beside its chunks, exceeds the "
                                "limit of " +
                                    std::to_string(context_.options.max_head) + " bytes");
  } else {
    admission.refusal = problem(request, 400, "malformed HTTP: " + error.message());
  }
  return admission;
}

}  // namespace fovea::server
