#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/http/admission.h"
#include "server/http/body_budget.h"
#include "server/http/growing_body.h"
#include "server/http/net.h"
#include "server/http/router.h"
#include "server/http/server.h"
#include "server/http/transport.h"
#include "server/http/worker_pool.h"

namespace fovea::server {

// What all connections of a server share. Outlives them.
struct SessionContext {
  const ServerOptions& options;
  const Router& router;
  App& app;
  WorkerPool& workers;
  WorkerPool& slow_workers;
  WorkerPool& parsers;
  BodyBudget bodies{options.max_bodies};
  std::atomic<bool> draining{false};
  std::atomic<int> in_flight{0};  // requests that were read and whose response is not sent yet
};

// One connection: reads a request, calls its handler, writes the response, and repeats. Everything
// runs on the socket's strand except drain(), which any thread may call. Defined in session.cpp,
// session_read.cpp and session_write.cpp.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Socket socket, SessionContext& context);

  Task<void> run();
  void drain();  // closes an idle connection now, a busy one after the present response
  // Since when the connection has waited for bytes of its peer; nullopt if it does not. A server
  // that is full closes one that waits. Any thread.
  std::optional<std::chrono::steady_clock::time_point> waiting_since() const;
  bool is_evicted() const { return evicted_; }
  void evict();                            // closes the connection if it still waits. Any thread
  void drop_stream() { stream_.reset(); }  // REQUIRES: the io_context has stopped

 private:
  using Parser = wire::request_parser<GrowingBody>;
  // The time limit of a body starts again after this many bytes. A large body on a slow line stays
  // within the limit; a peer that trickles single bytes does not.
  static constexpr std::uint64_t kBytesPerTimeout = 1 << 20;
  enum class Phase { idle, head, busy, closed };
  struct Pending {  // a response that comes later
    Timer wake;     // never expires; cancelled when the result is there
    std::optional<Result> result;
  };
  struct Chunk {
    std::string bytes;
    bool more = false;
  };
  struct PendingChunk {
    std::optional<Chunk> chunk;
    bool failed = false;
  };
  struct Written {
    bool complete = false;    // to the last byte
    bool keep_alive = false;  // the connection can serve another request
    std::uint64_t bytes = 0;  // of the body
  };

  Task<bool> wait_for_request();
  Task<bool> serve_one();  // whether the connection stays open
  Task<Reply> call_handler(const Admission& admission, std::shared_ptr<const Request> request);
  void find_project(const Request& request, Admission& admission) const;
  static void post_result(const std::shared_ptr<Pending>& pending, Result result);
  void log_access(const Request& request, const Reply& reply, const Written& written,
                  const Route* route, std::chrono::steady_clock::time_point started) const;
  // Runs `work`, whose exceptions become the result, on a thread of the pool. False: it is full.
  static bool post_to(WorkerPool& pool, std::function<void()> work,
                      const std::shared_ptr<Pending>& pending);

  // session_read.cpp
  Task<bool> handshake();  // whether the connection stays open
  Task<void> reject_plain_http();
  Task<ErrorCode> read_head(Parser& parser, bool& folded);
  // nullopt: the peer has disconnected.
  Task<std::optional<Admission>> read_request(Parser& parser, Request& request,
                                              BodyBudget::Share& share);
  Task<std::optional<Admission>> read_body(Parser& parser, const Request& request,
                                           Admission admission, BodyBudget::Share& share);
  std::optional<Admission> read_failed(const Request& request, ErrorCode error,
                                       Admission admission) const;

  // session_write.cpp
  Task<Written> write(const Request& request, Reply& reply, unsigned version, bool keep_alive);
  Task<Written> write_stream(const Request& request, Reply& reply, unsigned version,
                             bool keep_alive);
  Task<bool> write_chunk(std::string_view bytes, bool chunked);
  void request_chunk(const std::shared_ptr<PendingChunk>& pending, const std::string& id);
  // nullopt: the peer has disconnected, or the stream failed.
  Task<std::optional<Chunk>> next_chunk(const std::string& id, bool events, bool chunked);
  void watch_peer();
  bool peer_hung_up();
  Task<void> linger();

  void set_waiting(bool waiting);
  Task<bool> send_continue();
  void set_timeout(std::chrono::milliseconds limit);  // then socket operations fail, timed_out_ set
  void watch_timeout();
  void clear_timeout();
  Task<void> close();

  Transport transport_;
  Timer timer_;
  SessionContext& context_;
  beast::flat_buffer buffer_;
  std::string remote_;
  std::shared_ptr<BodyStream> stream_;  // of the present response
  Timer wake_;                          // of the coroutine that waits for a chunk
  Phase phase_ = Phase::idle;
  mutable std::mutex waiting_mutex_;
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  std::atomic<bool> evicted_{false};
  bool timed_out_ = false;
  bool first_ = true;
  bool complete_ = true;  // the last response was sent completely; else close() must not send a TLS
                          // end, which would make a truncated body look complete
  bool watching_ = false;   // waiting for the socket to become readable
  bool peer_left_ = false;  // while a stream is sent
  bool peer_sent_ = false;  // unread bytes hide a disconnect, so poll for it
};

}  // namespace fovea::server
