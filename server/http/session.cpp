#include "server/http/session.h"

#include "server/http/problem.h"
#include "server/http/reply_fields.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Session::Session(Socket socket, SessionContext& context)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), context_(context) {
  // Chunk extensions and trailers count for no body limit; they end where the buffer ends.
  buffer_.max_size(context.options.max_head + std::size_t{128} * 1024);
  ErrorCode ignored;
  const auto peer = socket_.remote_endpoint(ignored);
  if (!ignored) remote_ = peer.address().to_string();
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Task<void> Session::run() {
  const auto self = shared_from_this();
  while (co_await wait_for_request()) {
    if (!co_await serve_one()) break;
    first_ = false;
  }
  disarm();
  close();
}

Task<bool> Session::wait_for_request() {
  if (buffer_.size() > 0) co_return true;  // pipelined
  if (context_.draining) co_return false;
  constexpr std::size_t kFirstRead = 4096;
  if (buffer_.capacity() > 4 * kFirstRead) buffer_.shrink_to_fit();  // idle ones cost little
  arm(first_ ? context_.options.head_timeout : context_.options.idle_timeout);
  const auto [error, size] = co_await socket_.async_read_some(buffer_.prepare(kFirstRead), kAwait);
  if (error || phase_ == Phase::closed) co_return false;
  buffer_.commit(size);
  co_return true;
}

Task<bool> Session::serve_one() {
  phase_ = Phase::busy;
  const auto started = Clock::now();
  Parser parser;
  const auto request = std::make_shared<Request>();
  request->remote = remote_;
  request->id = make_request_id();
  request->verb = request->target = "-";  // in the log, when not even these can be read
  std::optional<Admission> admission = co_await read_request(parser, *request);
  if (!admission || phase_ == Phase::closed) co_return false;
  disarm();
  Reply reply;
  if (admission->refusal) {
    reply = std::move(*admission->refusal);
  } else {
    request->body = std::move(parser.get().body());
    request->params = std::move(admission->match.params);
    reply = co_await answer(admission->match, request);
  }
  if (phase_ == Phase::closed) co_return false;
  // What is left of a body that was refused cannot be told from the next request.
  const bool complete = parser.is_done() && !admission->close;
  const bool keep = complete && parser.get().keep_alive() && !context_.draining;
  const bool written = co_await write(*request, reply, parser.get().version(), keep);
  if (context_.options.on_access) {
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - started).count();
    const std::size_t bytes = request->verb == "HEAD" ? 0 : reply.content().size();
    context_.options.on_access(
        {request->id, remote_, request->verb, request->target, reply.status, bytes, ms});
  }
  if (phase_ != Phase::closed) phase_ = Phase::idle;
  if (written && !complete) co_await linger();
  co_return written&& keep;
}

Task<std::optional<Admission>> Session::read_request(Parser& parser, Request& request) {
  parser.header_limit(context_.options.max_head);
  parser.body_limit(boost::none);  // set once the route is known
  arm(context_.options.head_timeout);
  const auto [error, size] = co_await wire::async_read_header(socket_, buffer_, parser, kAwait);
  (void)size;
  if (error) co_return explain(request, error, {});
  const auto& head = parser.get();
  request.verb = view(head.method_string());
  request.target = view(head.target());
  for (const auto& field : head) {
    request.fields.emplace_back(view(field.name_string()), view(field.value()));
  }
  Framing framing{head.version(), std::nullopt};
  if (const auto length = parser.content_length()) framing.content_length = *length;
  Admission admission = admit(request, framing, context_.router, context_.options.max_body);
  if (admission.refusal || parser.is_done()) co_return admission;
  co_return co_await read_body(parser, request, std::move(admission));
}

Task<std::optional<Admission>> Session::read_body(Parser& parser, const Request& request,
                                                  Admission admission) {
  parser.body_limit(admission.body_limit);
  arm(context_.options.body_timeout);
  if (request.field("Expect") && parser.get().version() >= 11) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, size] = co_await asio::async_write(
        socket_, asio::buffer(kContinue.data(), kContinue.size()), kAwait);
    (void)size;
    if (error) co_return std::nullopt;
  }
  const auto [error, size] = co_await wire::async_read(socket_, buffer_, parser, kAwait);
  (void)size;
  if (error) co_return explain(request, error, std::move(admission));
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

Task<Reply> Session::answer(const Match& match, std::shared_ptr<const Request> request) {
  struct Pending {
    Timer wake;  // never expires; cancelled when the reply is there
    std::optional<Reply> reply;
  };
  try {
    if (const auto* quick = std::get_if<QuickHandler>(&match.route->handler)) {
      co_return (*quick)(*request, context_.app);
    }
    const auto pending = std::make_shared<Pending>(
        Pending{Timer(socket_.get_executor(), Clock::time_point::max()), std::nullopt});
    std::get<LaterHandler>(match.route->handler)(request, context_.app, [pending](Reply reply) {
      asio::post(pending->wake.get_executor(), [pending, reply = std::move(reply)]() mutable {
        pending->reply = std::move(reply);
        pending->wake.cancel();
      });
    });
    while (!pending->reply) co_await pending->wake.async_wait(kAwait);
    co_return std::move(*pending->reply);
  } catch (const std::exception& error) {
    if (context_.options.on_fault) context_.options.on_fault(request->id + ": " + error.what());
  }
  co_return problem(*request, 500, "an error of the server; its log has the details");
}

Task<bool> Session::write(const Request& request, const Reply& reply, unsigned version, bool keep) {
  wire::response<wire::span_body<const char>> message;
  message.version(version == 10 ? 10 : 11);
  message.result(static_cast<unsigned>(reply.status));
  message.set(wire::field::server, "fovea");
  message.set(wire::field::date, http_date());
  message.set("X-Request-Id", request.id);
  for (const auto& [name, value] : security_fields()) message.set(name, value);
  for (const auto& [name, value] : reply.fields) message.set(name, value);
  const std::string_view content = reply.content();
  message.body() = beast::span<const char>(content.data(), content.size());
  if (reply.status != 304) message.content_length(content.size());
  message.keep_alive(keep);
  arm(context_.options.write_timeout);
  wire::response_serializer<wire::span_body<const char>> serializer(message);
  ErrorCode error;
  std::size_t size = 0;
  if (request.verb == "HEAD" || reply.status == 304) {
    std::tie(error, size) = co_await wire::async_write_header(socket_, serializer, kAwait);
  } else {
    std::tie(error, size) = co_await wire::async_write(socket_, serializer, kAwait);
  }
  disarm();
  co_return !error && phase_ != Phase::closed;
}

// Closing with unread bytes resets the connection, and the answer may be lost with it: read on for
// a while, as the client may still be sending (RFC 9112, 9.6).
Task<void> Session::linger() {
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  buffer_.clear();
  constexpr std::uint64_t kMost = std::uint64_t{256} << 20;
  arm(std::chrono::seconds(5));
  std::uint64_t total = 0;
  while (total < kMost) {
    const auto [error, size] = co_await socket_.async_read_some(buffer_.prepare(65536), kAwait);
    if (error || phase_ == Phase::closed) break;
    total += size;
  }
}

void Session::arm(std::chrono::milliseconds limit) {
  timed_out_ = false;
  timer_.expires_after(limit);
  watch();
}

void Session::watch() {
  timer_.async_wait([self = weak_from_this()](ErrorCode error) {
    const auto session = self.lock();
    // Already queued when the timer was set anew: not for this phase.
    if (error || !session || session->timer_.expiry() > Clock::now()) return;
    session->timed_out_ = true;
    ErrorCode ignored;
    session->socket_.cancel(ignored);
    // Between two reads of one operation there is nothing to cancel: try again until disarmed.
    session->timer_.expires_after(std::chrono::milliseconds(50));
    session->watch();
  });
}

void Session::disarm() {
  timer_.expires_at(Clock::time_point::max());
}

void Session::close() {
  phase_ = Phase::closed;
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Session::drain() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ == Phase::idle) self->close();
  });
}

}  // namespace fovea::server
