#pragma once

#include <atomic>
#include <memory>
#include <optional>

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
  // How reading one request ended.
  struct Incoming {
    bool gone = false;             // the peer left: nobody to answer
    std::optional<Reply> refusal;  // answered without asking a handler
    Match match;
  };

  Task<bool> wait_for_request();
  Task<bool> serve_one();  // whether the connection goes on
  Task<Incoming> read_request(Parser& parser, Request& request);
  Task<Incoming> read_body(Parser& parser, Request& request, Incoming incoming);
  std::optional<Reply> check_head(const Parser& parser, Request& request, Incoming& incoming) const;
  std::optional<Reply> check_body(const Parser& parser, const Request& request,
                                  const Match& match) const;
  std::uint64_t body_limit(const Match& match) const;
  bool has_answer(ErrorCode error) const;
  Reply explain(const Request& request, ErrorCode error, std::uint64_t limit) const;
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
