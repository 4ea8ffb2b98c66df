#include "server/http/session.h"

#include "server/http/problem.h"
#include "server/http/reply_fields.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

// For counting: what a client made up never becomes a name.
// Counts one while it lives.
class InFlight {
 public:
  explicit InFlight(std::atomic<int>& count) : count_(count) { ++count_; }
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::atomic<int>& count_;
};

std::string_view route_name(const Route* route) {
  if (!route) return "other";
  return route->pattern.empty() ? "page" : route->pattern;
}

}  // namespace

Session::Session(Socket socket, SessionContext& context)
    : transport_(std::move(socket),
                 context.options.certificate ? context.options.certificate->context() : nullptr),
      timer_(transport_.get_executor()),
      context_(context),
      wake_(transport_.get_executor()) {
  // Chunk extensions and trailers count for no body limit; they end where the buffer ends.
  buffer_.max_size(context.options.max_head + std::size_t{128} * 1024);
  ErrorCode ignored;
  const auto peer = transport_.socket().remote_endpoint(ignored);
  if (!ignored) remote_ = peer.address().to_string();
  transport_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

Task<void> Session::run() {
  const auto self = shared_from_this();
  if (co_await greet()) {
    while (co_await wait_for_request()) {
      if (!co_await serve_one()) break;
      first_ = false;
    }
  }
  co_await close();
}

Task<bool> Session::wait_for_request() {
  if (buffer_.size() > 0) co_return true;  // pipelined
  if (context_.draining) co_return false;
  constexpr std::size_t kFirstRead = 4096;
  if (buffer_.capacity() > 4 * kFirstRead) buffer_.shrink_to_fit();  // idle ones cost little
  arm(first_ ? context_.options.head_timeout : context_.options.idle_timeout);
  const auto [error, size] =
      co_await transport_.async_read_some(buffer_.prepare(kFirstRead), kAwait);
  if (error || phase_ == Phase::closed) co_return false;
  buffer_.commit(size);
  co_return true;
}

Task<bool> Session::serve_one() {
  phase_ = Phase::head;
  const auto started = Clock::now();
  Parser parser;
  const auto request = std::make_shared<Request>();
  request->remote = remote_;
  request->id = make_request_id();
  request->secure = transport_.is_secure();
  request->verb = request->target = "-";  // in the log, when not even these can be read
  BodyBudget::Share share(context_.bodies);
  std::optional<Admission> admission = co_await read_request(parser, *request, share);
  if (!admission || phase_ == Phase::closed) co_return false;
  disarm();
  const InFlight counted(context_.in_flight);
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
  const Written written = co_await write(*request, reply, parser.get().version(), keep);
  whole_ = written.whole;
  report(*request, reply, written, admission->match.route, started);
  if (phase_ != Phase::closed) phase_ = Phase::idle;
  if (written.whole && !complete) co_await linger();
  co_return written.whole&& written.keep;
}

void Session::report(const Request& request, const Reply& reply, const Written& written,
                     const Route* route, Clock::time_point started) const {
  if (!context_.options.on_access) return;
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - started).count();
  context_.options.on_access({request.id, request.remote, request.verb, request.target,
                              reply.status, written.bytes, ms, request.actor, trace_parent(request),
                              route_name(route)});
}

Task<Reply> Session::answer(const Match& match, std::shared_ptr<const Request> request) {
  try {
    if (const auto* quick = std::get_if<QuickHandler>(&match.route->handler)) {
      co_return (*quick)(*request, context_.app);
    }
    const auto pending = std::make_shared<Pending>(
        Pending{Timer(transport_.get_executor(), Clock::time_point::max()), std::nullopt});
    if (const auto* blocking = std::get_if<Blocking>(&match.route->handler)) {
      if (!hand_to_worker(*blocking, request, pending)) {
        throw HttpError(503, "too many requests are waiting; try again in a second",
                        {{"Retry-After", "1"}});
      }
    } else {
      std::get<LaterHandler>(match.route->handler)(request, context_.app, [pending](Result result) {
        post_result(pending, std::move(result));
      });
    }
    while (!pending->result) co_await pending->wake.async_wait(kAwait);
    if (auto* reply = std::get_if<Reply>(&*pending->result)) co_return std::move(*reply);
    std::rethrow_exception(std::get<std::exception_ptr>(*pending->result));
  } catch (...) {
    co_return context_.options.problem_of(*request, std::current_exception(),
                                          context_.options.on_fault);
  }
}

// From any thread.
void Session::post_result(const std::shared_ptr<Pending>& pending, Result result) {
  asio::post(pending->wake.get_executor(), [pending, result = std::move(result)]() mutable {
    pending->result = std::move(result);
    pending->wake.cancel();
  });
}

bool Session::hand_to_worker(const Blocking& handler, const std::shared_ptr<const Request>& request,
                             const std::shared_ptr<Pending>& pending) {
  return context_.workers.try_post([handler, request, pending, &app = context_.app] {
    try {
      post_result(pending, handler.run(*request, app));
    } catch (...) {
      post_result(pending, std::current_exception());
    }
  });
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
    session->transport_.socket().cancel(ignored);
    // Between two reads of one operation there is nothing to cancel: try again until disarmed.
    session->timer_.expires_after(std::chrono::milliseconds(50));
    session->watch();
  });
}

void Session::disarm() {
  timer_.expires_at(Clock::time_point::max());
}

Task<void> Session::close() {
  constexpr std::chrono::seconds kGoodbye{1};
  phase_ = Phase::closed;
  if (whole_) {
    arm(kGoodbye);
    co_await transport_.shutdown();
  }
  disarm();
  ErrorCode ignored;
  transport_.socket().shutdown(Socket::shutdown_both, ignored);
  transport_.socket().close(ignored);
}

void Session::drain() {
  asio::post(transport_.get_executor(), [self = shared_from_this()] {
    // Half a head is no request yet.
    if (self->phase_ == Phase::idle || self->phase_ == Phase::head) {
      self->phase_ = Phase::closed;
      self->arm(std::chrono::milliseconds(0));  // ends what it waits for
    }
    self->wake_.cancel();  // an event stream ends
  });
}

}  // namespace fovea::server
