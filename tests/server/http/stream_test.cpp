#include <condition_variable>
#include <future>
#include <optional>

#include "tests/support/running_server.h"

using namespace fovea::server;
using namespace fovea::tests;

namespace {

// A stream of events that the test controls; one at a time.
class Channel {
 public:
  class Events : public BodyStream {
   public:
    explicit Events(Channel& channel) : channel_(channel) {}
    ~Events() override { channel_.destroyed(); }
    void next(Ready ready) override { channel_.requested(std::move(ready)); }
    std::string heartbeat() const override { return ":\n\n"; }

   private:
    Channel& channel_;
  };

  std::shared_ptr<BodyStream> open() {
    const std::lock_guard lock(mutex_);
    destroyed_ = false;
    return std::make_shared<Events>(*this);
  }
  void requested(BodyStream::Ready ready) {
    const std::lock_guard lock(mutex_);
    ready_ = std::move(ready);
    changed_.notify_all();
  }
  void destroyed() {
    const std::lock_guard lock(mutex_);
    destroyed_ = true;
    changed_.notify_all();
  }
  // Delivers bytes as soon as the session requests them.
  void send(const std::string& bytes, bool more = true) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [this] { return ready_ != nullptr; })) {
      throw std::runtime_error("the session did not request bytes");
    }
    std::exchange(ready_, nullptr)(bytes, more);
  }
  bool wait_until_destroyed() {
    std::unique_lock lock(mutex_);
    const bool destroyed = changed_.wait_for(lock, 10s, [this] { return destroyed_; });
    ready_ = nullptr;
    return destroyed;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  BodyStream::Ready ready_;
  bool destroyed_ = false;
};

Channel channel;

Reply events(const Request&, App&) {
  Reply reply;
  reply.fields = {{"Content-Type", "text/event-stream"}};
  reply.stream = channel.open();
  return reply;
}

Reply rows(const Request&, App&) {
  Reply reply;
  reply.fields = {{"Content-Type", "text/csv"}};
  reply.stream = make_pull_stream([i = 0]() mutable -> std::optional<std::string> {
    if (i == 3) return std::nullopt;
    ++i;
    return i == 2 ? ""
                  : "row " + std::to_string(i) + "\n";  // an empty piece does not end the stream
  });
  return reply;
}

Reply truncated(const Request&, App&) {
  Reply reply;
  reply.stream = make_pull_stream([i = 0]() mutable -> std::optional<std::string> {
    if (i++ == 1) throw std::runtime_error("the disk is gone");
    return "half";
  });
  return reply;
}

std::promise<void> unblock;
Reply slow(const Request& request, App&) {
  if (request.path == "/slow") unblock.get_future().wait();
  Reply reply;
  reply.body = "from a worker";
  return reply;
}
Reply failing(const Request&, App&) {
  throw std::runtime_error("secret detail");
}

std::vector<Route> routes() {
  return {{"GET", "/events", events},         {"GET", "/rows", rows},
          {"GET", "/truncated", truncated},   {"GET", "/slow", Blocking{slow}},
          {"GET", "/worker", Blocking{slow}}, {"GET", "/fails", Blocking{failing}}};
}

}  // namespace

TEST_CASE("a stream is sent in chunks and keeps the connection open", "[server][http]") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  client.send(get("/rows") + get("/echo"));
  const WireReply reply = client.read();
  CHECK(reply.field("Transfer-Encoding") == "chunked");
  CHECK(reply.field("Content-Length").empty());
  CHECK(reply.body == "row 1\nrow 3\n");
  CHECK(client.read().body == "GET /echo ");
}

TEST_CASE("HEAD of a stream has no body", "[server][http]") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  const WireReply reply = client.ask("HEAD /rows HTTP/1.1\r\nHost: t\r\n\r\n", true);
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
  CHECK(client.ask(get("/echo")).body == "GET /echo ");
}

TEST_CASE("an HTTP/1.0 client gets a stream without chunks", "[server][http]") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  client.send("GET /rows HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = client.read_to_end();
  CHECK_THAT(all, ContainsSubstring("\r\n\r\nrow 1\nrow 3\n"));
  CHECK_THAT(all, !ContainsSubstring("chunked"));
}

TEST_CASE("an exception in a stream closes the connection without a last chunk", "[server][http]") {
  ServerOptions options = test_options();
  std::promise<std::string> logged;
  options.on_error = [&logged](const std::string& text) { logged.set_value(text); };
  Running running(options, routes());
  Connection client(running.server.port());
  client.hold_chunks = true;
  CHECK(client.ask(get("/truncated")).status == 200);
  CHECK(client.read_chunk() == "half");
  CHECK_THROWS_WITH(client.read_chunk(), ContainsSubstring("cut off"));
  CHECK_THAT(logged.get_future().get(), ContainsSubstring("the disk is gone"));
  check_alive(running);
}

TEST_CASE("events are sent at once and heartbeats in between", "[server][http]") {
  ServerOptions options = test_options();
  options.heartbeat = 100ms;
  Running running(options, routes());
  Connection client(running.server.port());
  client.hold_chunks = true;
  CHECK(client.ask(get("/events")).status == 200);
  CHECK(client.read_chunk() == ":\n\n");
  channel.send("data: 1\n\n");
  std::string chunk;
  while ((chunk = client.read_chunk()) == ":\n\n") {
  }
  CHECK(chunk == "data: 1\n\n");
  channel.send("data: 2\n\n", false);
  while ((chunk = client.read_chunk()) == ":\n\n") {
  }
  CHECK(chunk == "data: 2\n\n");
  CHECK(client.read_chunk().empty());
  CHECK(channel.wait_until_destroyed());
  CHECK(client.ask(get("/echo")).status == 200);
}

TEST_CASE("a stream is destroyed when its client disconnects", "[server][http]") {
  Running running(test_options(), routes());
  for (const char* more : {"", "GET /echo HTTP/1.1\r\n"}) {
    {
      Connection client(running.server.port());
      client.hold_chunks = true;
      client.send(get("/events") + more);
      CHECK(client.read().status == 200);
      channel.send("data: 1\n\n");
      CHECK(client.read_chunk() == "data: 1\n\n");
    }
    CHECK(channel.wait_until_destroyed());
  }
  check_alive(running);
}

TEST_CASE("a drain ends event streams with a last chunk", "[server][http]") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  client.hold_chunks = true;
  client.send(get("/events"));
  CHECK(client.read().status == 200);
  channel.send("data: 1\n\n");
  CHECK(client.read_chunk() == "data: 1\n\n");
  running.server.stop();
  CHECK(client.read_chunk().empty());
  CHECK(client.at_end());
  running.stop();
  CHECK(running.cut_off == 0);
  CHECK(channel.wait_until_destroyed());
}

TEST_CASE("a drain does not wait for an incomplete request head", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  client.send("GET /ec");
  check_alive(running);  // so that the server has read the bytes above
  running.server.stop();
  CHECK(client.at_end());
  running.stop();
  CHECK(running.cut_off == 0);
}

TEST_CASE("a blocking handler does not block other requests", "[server][http]") {
  unblock = std::promise<void>();
  ServerOptions options = test_options();
  options.worker_threads = 1;
  Running running(options, routes());
  Connection busy(running.server.port());
  Connection next(running.server.port());
  busy.send(get("/slow"));
  next.send(get("/worker"));
  check_alive(running);
  unblock.set_value();
  CHECK(busy.read().body == "from a worker");
  CHECK(next.read().body == "from a worker");
  const WireReply reply = next.ask(get("/fails"));
  CHECK(reply.status == 500);
  CHECK_THAT(reply.body, !ContainsSubstring("secret"));
}

TEST_CASE("a full worker queue is 503 with Retry-After", "[server][http]") {
  ServerOptions options = test_options();
  options.max_waiting = 0;
  Running running(options, routes());
  const WireReply reply = Connection(running.server.port()).ask(get("/worker"));
  CHECK(reply.status == 503);
  CHECK(reply.field("Retry-After") == "1");
}
