#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "server/http/admission.h"
#include "server/http/body_budget.h"
#include "server/http/net.h"
#include "server/http/router.h"
#include "server/http/server.h"
#include "server/http/transport.h"
#include "server/http/worker_pool.h"

namespace fovea::server {

// What every connection of one server shares. Outlives them.
struct SessionContext {
  const ServerOptions& options;
  const Router& router;
  App& app;
  WorkerPool& workers;
  BodyBudget bodies{options.max_bodies};
  std::atomic<bool> draining{false};
  std::atomic<int> in_flight{0};  // requests that were read and are not answered to the end
};

// One connection: reads a request, has it answered, writes the answer, and again. Everything runs
// on the socket's strand except drain(), which any thread may call.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Socket socket, SessionContext& context);

  Task<void> run();
  void drain();  // closes the connection now when idle, else after the answer in progress
  void drop_stream() { stream_.reset(); }  // REQUIRES: nothing runs any more

 private:
  using Parser = wire::request_parser<wire::string_body>;
  // A body may take its time limit anew for each of these: a large one has time on a slow line, and
  // a peer that takes or gives byte by byte has not.
  static constexpr std::uint64_t kPace = 1 << 20;
  enum class Phase { idle, head, busy, closed };
  struct Pending {  // a response that comes later
    Timer wake;     // never expires; cancelled when the result is there
    std::optional<Result> result;
  };
  struct Chunk {
    std::string bytes;
    bool more = false;
  };
  struct Pulled {  // what the stream was asked for
    std::optional<Chunk> chunk;
    bool failed = false;
  };
  struct Written {
    bool whole = false;       // to its last byte
    bool keep = false;        // the connection can take another request
    std::uint64_t bytes = 0;  // of the body
  };

  Task<bool> wait_for_request();
  Task<bool> serve_one();  // whether the connection goes on
  Task<Reply> answer(const Match& match, std::shared_ptr<const Request> request);
  static void post_result(const std::shared_ptr<Pending>& pending, Result result);
  void report(const Request& request, const Reply& reply, const Written& written,
              const Route* route, std::chrono::steady_clock::time_point started) const;
  bool hand_to_worker(const Blocking& handler, const std::shared_ptr<const Request>& request,
                      const std::shared_ptr<Pending>& pending);

  // session_read.cpp
  Task<bool> greet();  // TLS, where it is spoken; whether the connection goes on
  Task<void> refuse_plain_http();
  // Nothing: the peer left, nobody is there to be answered.
  Task<std::optional<Admission>> read_request(Parser& parser, Request& request,
                                              BodyBudget::Share& share);
  Task<std::optional<Admission>> read_body(Parser& parser, const Request& request,
                                           Admission admission, BodyBudget::Share& share);
  std::optional<Admission> explain(const Request& request, ErrorCode error,
                                   Admission admission) const;

  // session_write.cpp
  Task<Written> write(const Request& request, Reply& reply, unsigned version, bool keep);
  Task<Written> write_stream(const Request& request, Reply& reply, unsigned version, bool keep);
  Task<bool> write_chunk(std::string_view bytes, bool chunked);
  void ask_stream(const std::shared_ptr<Pulled>& pulled, const std::string& id);
  // Nothing: the peer left, or the stream failed.
  Task<std::optional<Chunk>> next_chunk(const std::string& id, bool events, bool chunked);
  void watch_peer();
  bool has_hung_up();
  Task<void> linger();

  void arm(std::chrono::milliseconds limit);  // after it, socket operations end with timed_out_ set
  void watch();
  void disarm();
  Task<void> close();

  Transport transport_;
  Timer timer_;
  SessionContext& context_;
  beast::flat_buffer buffer_;
  std::string remote_;
  std::shared_ptr<BodyStream> stream_;  // of the answer in progress
  Timer wake_;                          // of who waits for the stream
  Phase phase_ = Phase::idle;
  bool timed_out_ = false;
  bool first_ = true;
  bool whole_ = true;  // the last answer was sent to its end; else no goodbye may make it look so
  bool watching_ = false;   // for the peer's leaving
  bool peer_left_ = false;  // while a stream was sent
  bool peer_sent_ = false;  // bytes wait unread: its leaving must be looked for
};

}  // namespace fovea::server
