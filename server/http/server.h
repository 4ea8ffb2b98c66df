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

// One completed request, for the log.
struct Access {
  std::string_view id, remote, verb, target;
  int status = 0;
  std::uint64_t bytes = 0;      // of the response body
  double ms = 0;                // from the first byte of the head to the last byte written
  std::string_view actor;       // Request::actor
  std::string_view trace;       // the client's W3C traceparent; empty if missing or malformed
  std::string_view route = {};  // the pattern of its route; "page" or "other" without one
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 = any free one
  int io_threads = 2;
  // When there are more, the one that has waited longest for its peer is closed: for a request, for
  // the rest of a head, or for the next MiB of a body. If all have a request in progress, further
  // ones wait in the system's backlog.
  int max_connections = 1000;
  std::uint32_t max_head = 16384;
  std::uint64_t max_body = 32 << 20;
  std::uint64_t max_bodies = 320 << 20;  // of all connections together
  int worker_threads = 2;                // for work that waits for a disk
  int slow_threads = 2;                  // for slow handlers
  std::size_t max_waiting = 256;         // requests that wait for a worker thread
  int parser_threads = 2;                // for large bodies of requests that do not wait for a disk
  std::chrono::milliseconds head_timeout{10'000};   // also limits a TLS handshake
  std::chrono::milliseconds body_timeout{120'000};  // for each MiB
  std::chrono::milliseconds stall_timeout{20'000};  // for the next bytes of a body
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds write_timeout{120'000};  // of a response, or of one chunk of a stream
  std::chrono::milliseconds heartbeat{15'000};  // silence after which a stream sends its heartbeat
  std::chrono::milliseconds drain_delay{0};     // not ready, but still accepting
  std::chrono::milliseconds drain_timeout{30'000};  // for requests in flight
  bool handle_signals = false;  // SIGINT, SIGTERM: the first drains, the second exits at once

  std::shared_ptr<Guard> guard;              // null: every client may do everything
  std::shared_ptr<Certificate> certificate;  // null: HTTP without TLS

  ProblemOf problem_of = nullptr;  // REQUIRED; called on io threads
  // The project with this name, which stays usable while the pointer exists. Throws HttpError if
  // there is none. Empty: only the default one exists. Called on io threads.
  std::function<std::shared_ptr<App>(const std::string& name)> find_project;

  // Called from io threads, also several at once; each may be empty.
  std::function<void(const Access&)> on_access;
  std::function<void(const std::string&)> on_error;  // details that are not sent to the client
  std::function<void()> on_drain;
};

// An HTTP/1.1 server over TCP or TLS. Each connection is a coroutine on its own strand of the io
// threads and handles one request at a time, in order. Every phase of a request has a time limit.
class Server {
 public:
  // Binds and listens. Throws IoError with host and port.
  explicit Server(ServerOptions options);
  ~Server();

  std::uint16_t port() const;
  // Serves until the server is stopped and drained. Returns the number of connections that
  // drain_timeout cut off. An App that responds later must be destroyed before the Server, so
  // declare it after the Server.
  int run(const Router& router, App& app);
  // Requests that were read and whose response is not completely sent; of the present run().
  int in_flight() const;
  // Begins to drain: accepts no new connections, closes idle ones, finishes requests in flight. Any
  // thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::server
