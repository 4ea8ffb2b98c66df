#include "server/http/server.h"

#include <cstdlib>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "server/http/net.h"
#include "server/http/session.h"

namespace fovea::server {

using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Strand>;

struct Server::Impl {
  explicit Impl(ServerOptions server_options);

  void run_io();
  void report(const std::string& problem) const;
  void start_accepting();
  Task<void> accept();
  bool make_room();
  void start_session(Socket socket);
  void end_session(std::uint64_t number);
  void wait_for_signal();
  void stop();         // any thread
  void begin_drain();  // this and those below: on the strand
  void stop_accepting();
  void finish_if_idle();

  ServerOptions options;
  // Declared before `io`, so that it outlives the sessions that io destroys.
  std::unique_ptr<SessionContext> context;
  asio::io_context io;
  Strand strand;  // of the acceptor, the timers and the list of sessions
  Acceptor acceptor;
  Timer accept_again;  // while there are too many connections or file descriptors
  Timer drain;         // drain_delay, then drain_timeout
  asio::basic_signal_set<Strand> signals;
  std::unique_ptr<WorkerPool> workers;  // only during run(), because tasks use the App
  std::unique_ptr<WorkerPool> slow_workers, parsers;  // the same
  std::unordered_map<std::uint64_t, std::shared_ptr<Session>> sessions;
  std::uint64_t next_number = 0;
  bool accepting = true;
  bool stopping = false;
  int cut_off = 0;
};

Server::Impl::Impl(ServerOptions server_options)
    : options(std::move(server_options)),
      io(options.io_threads),
      strand(io.get_executor()),
      acceptor(strand),
      accept_again(strand),
      drain(strand),
      signals(strand) {
  if (!options.problem_of) throw ConfigError("ServerOptions::problem_of is not set");
  const auto fail = [this](const std::string& why) {
    throw IoError(fmt::format("cannot listen on {}, port {}: {}", options.host, options.port, why));
  };
  ErrorCode error;
  asio::ip::tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error) fail(error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error == asio::error::address_in_use) {
    fail("another program uses this port; choose another port with --port");
  }
  if (error) fail(error.message());
}

// An exception, such as a failed allocation, ends what it happened in and not the server.
void Server::Impl::run_io() {
  while (true) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      report(error.what());
    }
  }
}

void Server::Impl::report(const std::string& problem) const {
  if (options.on_error) options.on_error(problem);
}

void Server::Impl::start_accepting() {
  asio::co_spawn(strand, accept(), [this](const std::exception_ptr& error) {
    if (!error) return;
    report("accepting connections failed; it starts again");
    start_accepting();
  });
}

Task<void> Server::Impl::accept() {
  while (accepting) {
    auto [error, socket] = co_await acceptor.async_accept(asio::make_strand(io), kAwait);
    if (!accepting) break;
    // Without an error: until there is room. Else, for example without free file descriptors: once.
    for (bool wait = error || !make_room(); wait; wait = !error && accepting && !make_room()) {
      accept_again.expires_after(std::chrono::milliseconds(100));
      co_await accept_again.async_wait(kAwait);
    }
    if (!error && accepting) start_session(std::move(socket));
  }
}

// Whether there is room for one more connection, after closing one that waits if necessary.
bool Server::Impl::make_room() {
  if (static_cast<int>(sessions.size()) < options.max_connections) return true;
  int open = 0;
  Session* longest = nullptr;
  std::chrono::steady_clock::time_point since;
  for (const auto& [number, session] : sessions) {
    if (session->is_evicted()) continue;
    ++open;
    const auto waiting = session->waiting_since();
    if (!waiting || (longest != nullptr && *waiting >= since)) continue;
    longest = session.get();
    since = *waiting;
  }
  if (open < options.max_connections) return true;
  if (longest == nullptr) return false;
  longest->evict();
  return true;
}

void Server::Impl::start_session(Socket socket) {
  const auto executor = socket.get_executor();
  const auto session = std::make_shared<Session>(std::move(socket), *context);
  const std::uint64_t number = next_number++;
  sessions.emplace(number, session);
  asio::co_spawn(executor, session->run(), [this, number, session](std::exception_ptr error) {
    if (error) report("a connection ended with an exception");
    asio::post(strand, [this, number] { end_session(number); });
  });
}

void Server::Impl::end_session(std::uint64_t number) {
  sessions.erase(number);
  accept_again.cancel();
  finish_if_idle();
}

void Server::Impl::wait_for_signal() {
  signals.async_wait([this](ErrorCode error, int) {
    if (error) return;
    if (stopping) std::_Exit(1);  // the second signal
    wait_for_signal();            // before begin_drain(), which may cancel the wait
    begin_drain();
  });
}

void Server::Impl::stop() {
  asio::post(strand, [this] { begin_drain(); });
}

void Server::Impl::begin_drain() {
  if (stopping) return;
  stopping = true;
  if (options.on_drain) options.on_drain();
  if (options.drain_delay.count() == 0) return stop_accepting();
  drain.expires_after(options.drain_delay);
  drain.async_wait([this](ErrorCode error) {
    if (!error) stop_accepting();
  });
}

void Server::Impl::stop_accepting() {
  accepting = false;
  ErrorCode ignored;
  acceptor.close(ignored);
  accept_again.cancel();
  context->draining = true;
  for (const auto& [number, session] : sessions) session->drain();
  drain.expires_after(options.drain_timeout);
  drain.async_wait([this](ErrorCode error) {
    if (error) return;
    cut_off = static_cast<int>(sessions.size());
    io.stop();  // the Server's destructor closes the sockets
  });
  finish_if_idle();
}

void Server::Impl::finish_if_idle() {
  if (accepting || !sessions.empty()) return;
  drain.cancel();
  signals.cancel();
}

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() = default;

int Server::in_flight() const {
  return impl_->context ? impl_->context->in_flight.load() : 0;
}

std::uint16_t Server::port() const {
  return impl_->acceptor.local_endpoint().port();
}

int Server::run(const Router& router, App& app) {
  Impl& impl = *impl_;
  impl.workers =
      std::make_unique<WorkerPool>(impl.options.worker_threads, impl.options.max_waiting);
  impl.slow_workers =
      std::make_unique<WorkerPool>(impl.options.slow_threads, impl.options.max_waiting);
  impl.parsers =
      std::make_unique<WorkerPool>(impl.options.parser_threads, impl.options.max_waiting);
  impl.context.reset(new SessionContext{impl.options, router, app, *impl.workers,
                                        *impl.slow_workers, *impl.parsers});
  if (impl.options.handle_signals) {
    impl.signals.add(SIGINT);
    impl.signals.add(SIGTERM);
    impl.wait_for_signal();
  }
  impl.start_accepting();
  std::vector<std::jthread> threads;
  for (int i = 1; i < impl.options.io_threads; ++i) {
    threads.emplace_back([&impl] { impl.run_io(); });
  }
  impl.run_io();
  threads.clear();
  impl.parsers.reset();
  impl.slow_workers.reset();
  impl.workers.reset();
  // Streams of connections that were cut off may refer to the App, which is destroyed before them.
  for (const auto& [number, session] : impl.sessions) session->drop_stream();
  return impl.cut_off;
}

void Server::stop() {
  impl_->stop();
}

}  // namespace fovea::server
