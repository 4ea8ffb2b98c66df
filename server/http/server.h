#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http/certificate.h"
#include "server/http/guard.h"
#include "server/http/problem.h"
#include "server/http/router.h"

namespace fovea::server {

// One answered request, for the log.
struct Access {
  std::string_view id, remote, verb, target;
  int status = 0;
  std::uint64_t bytes = 0;  // of the answer's body
  double ms = 0;            // from the first byte of the head to the last byte handed to the system
  std::string_view actor;   // Request::actor
  std::string_view trace;   // the client's W3C traceparent, when it is well formed
  std::string_view route = {};  // the pattern of its route; "page" and "other" when it has none
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 = any free one
  int io_threads = 2;
  int max_connections = 1000;  // further ones wait in the system's backlog
  std::uint32_t max_head = 16384;
  std::uint64_t max_body = 32 << 20;
  std::uint64_t max_bodies = 320 << 20;            // those of all connections together
  int worker_threads = 2;                          // for what waits for a disk
  std::size_t max_waiting = 256;                   // requests that wait for one of them
  std::chrono::milliseconds head_timeout{10'000};  // of a TLS handshake too
  std::chrono::milliseconds body_timeout{120'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds write_timeout{120'000};  // of an answer, or of one chunk of it
  std::chrono::milliseconds heartbeat{15'000};      // silence after which a stream is asked for one
  std::chrono::milliseconds drain_delay{0};         // still accepting, no longer ready
  std::chrono::milliseconds drain_timeout{30'000};  // for requests in flight
  bool handle_signals = false;  // SIGINT, SIGTERM: the first drains, the second exits at once

  std::shared_ptr<Guard> guard;              // none: whoever reaches the port may do everything
  std::shared_ptr<Certificate> certificate;  // none: HTTP without TLS

  ProblemOf problem_of = nullptr;  // REQUIRED; called on io threads

  // Called from io threads, also several at once; each may be empty.
  std::function<void(const Access&)> on_access;
  std::function<void(const std::string&)> on_fault;  // errors that the client does not see
  std::function<void()> on_drain;
};

// HTTP/1.1 over TCP, or over TLS on it: one coroutine per connection, each on its own strand of a
// few io threads. Requests of one connection are answered in order, one at a time. Every phase has
// a time limit.
class Server {
 public:
  // Binds and listens. Throws IoError naming host and port.
  explicit Server(ServerOptions options);
  ~Server();

  std::uint16_t port() const;
  // Serves until stopped and drained. An App that responds later must be destroyed before the
  // Server is: declare it after. Returns the number of connections cut off by drain_timeout.
  int run(const Router& router, App& app);
  // Requests that were read and are not answered to the end; of run() alone, while it runs.
  int in_flight() const;
  // Begins to drain: no new connections, idle ones closed, requests in flight finished. Any thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::server
