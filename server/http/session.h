#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "server/http/admission.h"
#include "server/http/net.h"
#include "server/http/router.h"
#include "server/http/server.h"

namespace fovea::server {

// What every connection of one server shares. Outlives them.
struct SessionContext {
  const ServerOptions& options;
  const Router& router;
  App& app;
  std::atomic<bool> draining{false};
};

// One connection: reads a request, has it answered, writes the answer, and again. Everything runs
// on the socket's strand except drain(), which any thread may call.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Socket socket, SessionContext& context);

  Task<void> run();
  void drain();  // closes the connection now when idle, else after the answer in progress

 private:
  using Parser = wire::request_parser<wire::string_body>;
  enum class Phase { idle, busy, closed };

  Task<bool> wait_for_request();
  Task<bool> serve_one();  // whether the connection goes on
  // Nothing: the peer left, nobody is there to be answered.
  Task<std::optional<Admission>> read_request(Parser& parser, Request& request);
  Task<std::optional<Admission>> read_body(Parser& parser, const Request& request,
                                           Admission admission);
  std::optional<Admission> explain(const Request& request, ErrorCode error,
                                   Admission admission) const;
  Task<Reply> answer(const Match& match, std::shared_ptr<const Request> request);
  Task<bool> write(const Request& request, const Reply& reply, unsigned version, bool keep);
  Task<void> linger();

  void arm(std::chrono::milliseconds limit);  // after it, socket operations end with timed_out_ set
  void watch();
  void disarm();
  void close();

  Socket socket_;
  Timer timer_;
  SessionContext& context_;
  beast::flat_buffer buffer_;
  std::string remote_;
  Phase phase_ = Phase::idle;
  bool timed_out_ = false;
  bool first_ = true;
};

}  // namespace fovea::server
