#include "server/http/session.h"

#include "server/http/problem.h"
#include "server/http/reply_fields.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

// A larger body is parsed on a thread of SessionContext::parsers: on an io thread it would delay
// other connections by milliseconds.
constexpr std::size_t kQuickBody = 64 << 10;

// Counts a request while it exists.
class InFlight {
 public:
  explicit InFlight(std::atomic<int>& count) : count_(count) { ++count_; }
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::atomic<int>& count_;
};

// The value of a metrics label. Never text of the client, which could create any number of values.
std::string_view route_name(const Route* route) {
  if (!route) return "other";
  return route->pattern.empty() ? "page" : route->pattern;
}

// The stream of the reply, which a worker thread may still read after the request, keeps the
// project usable.
Reply keep_alive_with(const std::shared_ptr<App>& project, Reply reply) {
  if (!project || !reply.stream) return reply;
  BodyStream* stream = reply.stream.get();
  reply.stream = std::shared_ptr<BodyStream>(
      stream, [project, owner = std::move(reply.stream)](BodyStream*) mutable { owner.reset(); });
  return reply;
}

}  // namespace

Session::Session(Socket socket, SessionContext& context)
    : transport_(std::move(socket),
                 context.options.certificate ? context.options.certificate->context() : nullptr),
      timer_(transport_.get_executor()),
      context_(context),
      wake_(transport_.get_executor()),
      waiting_since_(Clock::now()) {
  // Limits chunk extensions and trailers, which do not count towards the body limit.
  buffer_.max_size(context.options.max_head + std::size_t{128} * 1024);
  ErrorCode ignored;
  const auto peer = transport_.socket().remote_endpoint(ignored);
  if (!ignored) remote_ = plain_address(peer.address().to_string());
  transport_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

Task<void> Session::run() {
  const auto self = shared_from_this();
  if (co_await handshake()) {
    while (co_await wait_for_request()) {
      if (!co_await serve_one()) break;
      first_ = false;
    }
  }
  co_await close();
}

Task<bool> Session::wait_for_request() {
  set_waiting(true);
  if (buffer_.size() > 0) co_return true;  // pipelined
  if (context_.draining) co_return false;
  constexpr std::size_t kFirstRead = 4096;
  if (buffer_.capacity() > 4 * kFirstRead) buffer_.shrink_to_fit();  // keep idle connections small
  set_timeout(first_ ? context_.options.head_timeout : context_.options.idle_timeout);
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
  request->verb = request->target = "-";  // for the log, in case the request line is malformed
  BodyBudget::Share share(context_.bodies);
  std::optional<Admission> admission = co_await read_request(parser, *request, share);
  if (!admission || phase_ == Phase::closed) co_return false;
  clear_timeout();
  set_waiting(false);
  const InFlight counted(context_.in_flight);
  Reply reply;
  if (admission->refusal) {
    reply = std::move(*admission->refusal);
    std::string().swap(parser.get().body());  // not kept while the connection is closed slowly
    share.release();
  } else {
    request->body = std::move(parser.get().body());
    request->params = std::move(admission->match.params);
    reply = co_await call_handler(*admission, request);
  }
  if (phase_ == Phase::closed) co_return false;
  // After an unread body, the start of the next request is unknown.
  const bool read_completely = parser.is_done() && !admission->close;
  const bool keep_alive = read_completely && parser.get().keep_alive() && !context_.draining;
  const Written written = co_await write(*request, reply, parser.get().version(), keep_alive);
  complete_ = written.complete;
  log_access(*request, reply, written, admission->match.route, started);
  if (phase_ != Phase::closed) phase_ = Phase::idle;
  if (written.complete && !read_completely) co_await linger();
  co_return written.complete&& written.keep_alive;
}

void Session::log_access(const Request& request, const Reply& reply, const Written& written,
                         const Route* route, Clock::time_point started) const {
  if (!context_.options.on_access) return;
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - started).count();
  context_.options.on_access({request.id, request.remote, request.verb, request.target,
                              reply.status, written.bytes, ms, request.actor, trace_parent(request),
                              route_name(route)});
}

// Sets the project of the request, or the refusal.
void Session::find_project(const Request& request, Admission& admission) const {
  const std::string& name = admission.match.project;
  if (name.empty() || name == kDefaultProject) return;
  try {
    if (!context_.options.find_project) throw HttpError(404, "this server has no projects");
    admission.project = context_.options.find_project(name);
  } catch (...) {
    admission.refusal =
        context_.options.problem_of(request, std::current_exception(), context_.options.on_error);
  }
}

// Work that may continue when the client has left keeps the project alive.
Task<Reply> Session::call_handler(const Admission& admission,
                                  std::shared_ptr<const Request> request) {
  const Match& match = admission.match;
  const std::shared_ptr<App> project = admission.project;
  App& app = project ? *project : context_.app;
  try {
    if (const auto* quick = std::get_if<QuickHandler>(&match.route->handler)) {
      co_return keep_alive_with(project, (*quick)(*request, app));
    }
    const auto pending = std::make_shared<Pending>(
        Pending{Timer(transport_.get_executor(), Clock::time_point::max()), std::nullopt});
    bool accepted = true;
    if (const auto* blocking = std::get_if<Blocking>(&match.route->handler)) {
      WorkerPool& workers = blocking->slow ? context_.slow_workers : context_.workers;
      accepted = post_to(
          workers,
          [run = blocking->run, request, pending, project, &app] {
            post_result(pending, run(*request, app));
          },
          pending);
    } else {
      const auto start = [handler = std::get<AsyncHandler>(match.route->handler), request, pending,
                          project, &app] {
        handler(request, app,
                [pending, project](Result result) { post_result(pending, std::move(result)); });
      };
      if (request->body.size() > kQuickBody) {
        accepted = post_to(context_.parsers, start, pending);
      } else {
        start();
      }
    }
    if (!accepted) {
      throw HttpError(503, "too many requests are waiting; try again in a second",
                      {{"Retry-After", "1"}});
    }
    while (!pending->result) co_await pending->wake.async_wait(kAwait);
    if (auto* reply = std::get_if<Reply>(&*pending->result)) {
      co_return keep_alive_with(project, std::move(*reply));
    }
    std::rethrow_exception(std::get<std::exception_ptr>(*pending->result));
  } catch (...) {
    co_return context_.options.problem_of(*request, std::current_exception(),
                                          context_.options.on_error);
  }
}

// Any thread.
void Session::post_result(const std::shared_ptr<Pending>& pending, Result result) {
  asio::post(pending->wake.get_executor(), [pending, result = std::move(result)]() mutable {
    pending->result = std::move(result);
    pending->wake.cancel();
  });
}

bool Session::post_to(WorkerPool& pool, std::function<void()> work,
                      const std::shared_ptr<Pending>& pending) {
  return pool.try_post([work = std::move(work), pending] {
    try {
      work();
    } catch (...) {
      post_result(pending, std::current_exception());
    }
  });
}

void Session::set_waiting(bool waiting) {
  const std::lock_guard lock(waiting_mutex_);
  waiting_since_ = waiting ? std::optional(Clock::now()) : std::nullopt;
}

std::optional<std::chrono::steady_clock::time_point> Session::waiting_since() const {
  const std::lock_guard lock(waiting_mutex_);
  return waiting_since_;
}

void Session::evict() {
  evicted_ = true;
  asio::post(transport_.get_executor(), [self = shared_from_this()] {
    if (!self->waiting_since()) {  // the request is there now
      self->evicted_ = false;
      return;
    }
    self->phase_ = Phase::closed;
    self->set_timeout(std::chrono::milliseconds(0));  // cancels the pending read
  });
}

void Session::set_timeout(std::chrono::milliseconds limit) {
  timed_out_ = false;
  timer_.expires_after(limit);
  watch_timeout();
}

void Session::watch_timeout() {
  timer_.async_wait([self = weak_from_this()](ErrorCode error) {
    const auto session = self.lock();
    // Ignore an expiry that was queued before the timer was set again.
    if (error || !session || session->timer_.expiry() > Clock::now()) return;
    session->timed_out_ = true;
    ErrorCode ignored;
    session->transport_.socket().cancel(ignored);
    // Between two reads of one operation there is nothing to cancel: repeat until clear_timeout().
    session->timer_.expires_after(std::chrono::milliseconds(50));
    session->watch_timeout();
  });
}

void Session::clear_timeout() {
  timer_.expires_at(Clock::time_point::max());
}

Task<void> Session::close() {
  constexpr std::chrono::seconds kShutdownTime{1};
  phase_ = Phase::closed;
  if (complete_) {
    set_timeout(kShutdownTime);
    co_await transport_.shutdown();
  }
  clear_timeout();
  ErrorCode ignored;
  transport_.socket().shutdown(Socket::shutdown_both, ignored);
  transport_.socket().close(ignored);
}

void Session::drain() {
  asio::post(transport_.get_executor(), [self = shared_from_this()] {
    // A request whose head is incomplete is dropped.
    if (self->phase_ == Phase::idle || self->phase_ == Phase::head) {
      self->phase_ = Phase::closed;
      self->set_timeout(std::chrono::milliseconds(0));  // cancels the pending read
    }
    self->wake_.cancel();  // ends an event stream
  });
}

}  // namespace fovea::server
