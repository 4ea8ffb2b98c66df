#include <condition_variable>
#include <future>
#include <optional>

#include "tests/support/running_server.h"

using namespace fovea::server;
using namespace fovea::tests;

namespace {

// One stream of events at a time, fed by the test.
class Channel {
 public:
  class Events : public BodyStream {
   public:
    explicit Events(Channel& channel) : channel_(channel) {}
    ~Events() override { channel_.left(); }
    void next(Ready ready) override { channel_.asked(std::move(ready)); }
    std::string heartbeat() const override { return ":\n\n"; }

   private:
    Channel& channel_;
  };

  std::shared_ptr<BodyStream> open() {
    const std::lock_guard lock(mutex_);
    gone_ = false;
    return std::make_shared<Events>(*this);
  }
  void asked(BodyStream::Ready ready) {
    const std::lock_guard lock(mutex_);
    ready_ = std::move(ready);
    changed_.notify_all();
  }
  void left() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }
  // Hands bytes over as soon as they are asked for.
  void give(const std::string& bytes, bool more = true) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [this] { return ready_ != nullptr; })) {
      throw std::runtime_error("the stream was not asked");
    }
    std::exchange(ready_, nullptr)(bytes, more);
  }
  bool was_left() {
    std::unique_lock lock(mutex_);
    const bool gone = changed_.wait_for(lock, 10s, [this] { return gone_; });
    ready_ = nullptr;
    return gone;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  BodyStream::Ready ready_;
  bool gone_ = false;
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
    return i == 2 ? "" : "row " + std::to_string(i) + "\n";  // an empty piece is no end
  });
  return reply;
}

Reply torn(const Request&, App&) {
  Reply reply;
  reply.stream = make_pull_stream([i = 0]() mutable -> std::optional<std::string> {
    if (i++ == 1) throw std::runtime_error("the disk is gone");
    return "half";
  });
  return reply;
}

std::promise<void> let_go;
Reply slow(const Request& request, App&) {
  if (request.path == "/slow") let_go.get_future().wait();
  Reply reply;
  reply.body = "from a worker";
  return reply;
}
Reply failing(const Request&, App&) {
  throw std::runtime_error("secret detail");
}

std::vector<Route> routes() {
  return {{"GET", "/events", events},
          {"GET", "/rows", rows},
          {"GET", "/torn", torn},
          {"GET", "/slow", Blocking{slow}},
          {"GET", "/worker", Blocking{slow}},
          {"GET", "/fails", Blocking{failing}}};
}

}  // namespace

TEST_CASE("a stream comes in chunks, and the connection goes on after it") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  client.send(get("/rows") + get("/echo"));
  const WireReply reply = client.read();
  CHECK(reply.field("Transfer-Encoding") == "chunked");
  CHECK(reply.field("Content-Length").empty());
  CHECK(reply.body == "row 1\nrow 3\n");
  CHECK(client.read().body == "GET /echo ");
}

TEST_CASE("HEAD of a stream has no body") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  const WireReply reply = client.ask("HEAD /rows HTTP/1.1\r\nHost: t\r\n\r\n", true);
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
  CHECK(client.ask(get("/echo")).body == "GET /echo ");
}

TEST_CASE("an HTTP/1.0 client gets a stream without chunks, ended by the connection's end") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  client.send("GET /rows HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = client.read_to_end();
  CHECK_THAT(all, ContainsSubstring("\r\n\r\nrow 1\nrow 3\n"));
  CHECK_THAT(all, !ContainsSubstring("chunked"));
}

TEST_CASE("a stream that throws cuts the connection, so that its body has no end") {
  ServerOptions options = test_options();
  std::promise<std::string> fault;
  options.on_error = [&fault](const std::string& text) { fault.set_value(text); };
  Running running(options, routes());
  Connection client(running.server.port());
  client.hold_chunks = true;
  CHECK(client.ask(get("/torn")).status == 200);
  CHECK(client.read_chunk() == "half");
  CHECK_THROWS_WITH(client.read_chunk(), ContainsSubstring("cut off"));
  CHECK_THAT(fault.get_future().get(), ContainsSubstring("the disk is gone"));
  check_alive(running);
}

TEST_CASE("events arrive one by one while the stream stays open, with heartbeats in silence") {
  ServerOptions options = test_options();
  options.heartbeat = 100ms;
  Running running(options, routes());
  Connection client(running.server.port());
  client.hold_chunks = true;
  CHECK(client.ask(get("/events")).status == 200);
  CHECK(client.read_chunk() == ":\n\n");
  channel.give("data: 1\n\n");
  std::string chunk;
  while ((chunk = client.read_chunk()) == ":\n\n") {
  }
  CHECK(chunk == "data: 1\n\n");
  channel.give("data: 2\n\n", false);
  while ((chunk = client.read_chunk()) == ":\n\n") {
  }
  CHECK(chunk == "data: 2\n\n");
  CHECK(client.read_chunk().empty());
  CHECK(channel.was_left());
  CHECK(client.ask(get("/echo")).status == 200);
}

TEST_CASE("a stream is destroyed when its client leaves, also one that had sent more") {
  Running running(test_options(), routes());
  for (const char* more : {"", "GET /echo HTTP/1.1\r\n"}) {
    {
      Connection client(running.server.port());
      client.hold_chunks = true;
      client.send(get("/events") + more);
      CHECK(client.read().status == 200);
      channel.give("data: 1\n\n");
      CHECK(client.read_chunk() == "data: 1\n\n");
    }
    CHECK(channel.was_left());
  }
  check_alive(running);
}

TEST_CASE("a drain ends event streams at once and properly") {
  Running running(test_options(), routes());
  Connection client(running.server.port());
  client.hold_chunks = true;
  client.send(get("/events"));
  CHECK(client.read().status == 200);
  channel.give("data: 1\n\n");
  CHECK(client.read_chunk() == "data: 1\n\n");
  running.server.stop();
  CHECK(client.read_chunk().empty());
  CHECK(client.at_end());
  running.stop();
  CHECK(running.cut == 0);
  CHECK(channel.was_left());
}

TEST_CASE("a drain does not wait for half a head") {
  Running running;
  Connection client(running.server.port());
  client.send("GET /ec");
  check_alive(running);  // so that the bytes above were read
  running.server.stop();
  CHECK(client.at_end());
  running.stop();
  CHECK(running.cut == 0);
}

TEST_CASE("a blocking handler waits on a worker while quick ones are answered") {
  let_go = std::promise<void>();
  ServerOptions options = test_options();
  options.worker_threads = 1;
  Running running(options, routes());
  Connection busy(running.server.port());
  Connection next(running.server.port());
  busy.send(get("/slow"));
  next.send(get("/worker"));
  check_alive(running);
  let_go.set_value();
  CHECK(busy.read().body == "from a worker");
  CHECK(next.read().body == "from a worker");
  const WireReply reply = next.ask(get("/fails"));
  CHECK(reply.status == 500);
  CHECK_THAT(reply.body, !ContainsSubstring("secret"));
}

TEST_CASE("when no more may wait for a worker the answer is 503 with Retry-After") {
  ServerOptions options = test_options();
  options.max_waiting = 0;
  Running running(options, routes());
  const WireReply reply = Connection(running.server.port()).ask(get("/worker"));
  CHECK(reply.status == 503);
  CHECK(reply.field("Retry-After") == "1");
}
