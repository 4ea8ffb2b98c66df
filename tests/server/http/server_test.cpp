#include "server/http/server.h"

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "engine/core/error.h"
#include "server/http/problem.h"
#include "tests/support/catch.h"
#include "tests/support/http_client.h"
#include "tests/support/small_app.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using namespace std::chrono_literals;

namespace {

// Holds answers back until the test lets them go.
class Gate {
 public:
  void hold(Respond respond) {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(respond));
    changed_.notify_all();
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return held_.size() >= count; })) {
      throw std::runtime_error("the request did not reach its handler");
    }
  }
  void open() {
    std::vector<Respond> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (Respond& respond : held) {
      Reply reply;
      reply.body = "late";
      respond(std::move(reply));
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Respond> held_;
};

Gate gate;

Reply echo(const Request& request, App&) {
  Reply reply;
  reply.fields = {{"Content-Type", "text/plain"}};
  reply.body = request.verb + ' ' + request.path + ' ' + request.body;
  return reply;
}
Reply throwing(const Request&, App&) {
  throw std::runtime_error("secret detail");
}
void held(std::shared_ptr<const Request>, App&, Respond respond) {
  gate.hold(std::move(respond));
}
void later(std::shared_ptr<const Request>, App&, Respond respond) {
  Reply reply;
  reply.body = "later";
  std::jthread([respond, reply] { respond(reply); }).detach();
}
Reply missing(const Request& request, App&) {
  return problem(request, 404, "nothing here");
}

ServerOptions test_options() {
  ServerOptions options;
  options.port = 0;
  options.max_body = 1000;
  options.max_head = 2000;
  options.drain_timeout = 5s;
  return options;
}

struct Running {
  explicit Running(ServerOptions options = test_options())
      : server(std::move(options)), thread([this] { cut = server.run(router, app); }) {}
  ~Running() { stop(); }
  void stop() {
    server.stop();
    if (thread.joinable()) thread.join();
  }

  Server server;
  App app = make_app();
  Router router{{{"GET", "/echo", echo},
                 {"POST", "/echo", echo},
                 {"POST", "/small", echo, 10},
                 {"GET", "/held", held},
                 {"GET", "/later", later},
                 {"GET", "/throws", throwing}},
                missing};
  int cut = -1;
  std::thread thread;
};

std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
}
std::string post(const std::string& path, const std::string& body, const std::string& fields = "") {
  return "POST " + path +
         " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}
std::string chunked(const std::string& chunks) {
  return "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
}

void check_alive(Running& running) {
  CHECK(Connection(running.server.port()).ask(get("/echo")).status == 200);
}

}  // namespace

TEST_CASE("a connection is kept alive until the client asks to close it") {
  Running running;
  Connection client(running.server.port());
  CHECK(client.ask(get("/echo")).body == "GET /echo ");
  CHECK(client.ask(post("/echo", "hello")).body == "POST /echo hello");
  CHECK(client.ask(get("/later")).body == "later");
  CHECK(client.ask(get("/echo", "Connection: close\r\n")).field("Connection") == "close");
  CHECK(client.at_end());
  Connection old(running.server.port());
  CHECK(old.ask("GET /echo HTTP/1.0\r\n\r\n").status == 200);
  CHECK(old.at_end());
}

TEST_CASE("pipelined requests are answered in order, slow ones too") {
  Running running;
  Connection client(running.server.port());
  client.send(get("/later") + post("/echo", "second") + get("/nowhere") + get("/echo"));
  CHECK(client.read().body == "later");
  CHECK(client.read().body == "POST /echo second");
  CHECK(client.read().status == 404);
  CHECK(client.read().body == "GET /echo ");
}

TEST_CASE("a request sent byte by byte is understood") {
  Running running;
  Connection client(running.server.port());
  for (const char c : post("/echo", "drip")) client.send({c});
  CHECK(client.read().body == "POST /echo drip");
}

TEST_CASE("HEAD answers as GET does, without the body") {
  Running running;
  Connection client(running.server.port());
  const WireReply head = client.ask("HEAD /echo HTTP/1.1\r\nHost: test\r\n\r\n", true);
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "11");
  CHECK(client.ask(get("/echo")).body == "GET /echo ");
}

TEST_CASE("an unknown path is 404, a known one under a wrong verb 405 with Allow") {
  Running running;
  Connection client(running.server.port());
  const WireReply missing_reply = client.ask(get("/none"));
  CHECK(missing_reply.status == 404);
  CHECK(missing_reply.field("Content-Type") == "application/problem+json");
  CHECK(client.ask("POST /none HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").status == 404);
  const WireReply wrong = client.ask("DELETE /echo HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(wrong.status == 405);
  CHECK(wrong.field("Allow") == "GET, HEAD, POST");
}

TEST_CASE("every answer has the security fields and a request id") {
  Running running;
  Connection client(running.server.port());
  const WireReply reply = client.ask(get("/echo"));
  CHECK_THAT(reply.field("Content-Security-Policy"), ContainsSubstring("default-src 'self'"));
  CHECK(reply.field("X-Content-Type-Options") == "nosniff");
  CHECK(reply.field("Cross-Origin-Opener-Policy") == "same-origin");
  CHECK(reply.field("Cross-Origin-Embedder-Policy") == "require-corp");
  CHECK(reply.field("X-Request-Id").size() == 16);
  CHECK(client.ask(get("/echo", "X-Request-Id: my-id_1\r\n")).field("X-Request-Id") == "my-id_1");
  const WireReply strange = client.ask(get("/none", "X-Request-Id: a b\"\x01\r\n"));
  CHECK(strange.field("X-Request-Id") != "a b");
  CHECK(Connection(running.server.port())
            .ask(get("/echo", "X-Request-Id: " + std::string(200, 'x') + "\r\n"))
            .field("X-Request-Id")
            .size() == 16);
}

TEST_CASE("a body over the limit is 413 and states the limit, whatever announces it") {
  Running running;
  const auto refused = [&](const std::string& request, const char* limit) {
    Connection client(running.server.port());
    const WireReply reply = client.ask(request);
    CHECK(reply.status == 413);
    CHECK_THAT(reply.body, ContainsSubstring(limit));
    CHECK(reply.field("Connection") == "close");
  };
  refused(post("/echo", std::string(1001, 'x')), "1000 bytes");
  refused(post("/small", std::string(11, 'x')), "10 bytes");
  refused("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999\r\n\r\n", "1000 bytes");
  refused(chunked("3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"), "1000 bytes");
  std::string drops;
  for (int i = 0; i < 300; ++i) drops += "4\r\nabcd\r\n";
  refused(chunked(drops + "0\r\n\r\n"), "1000 bytes");
  Connection exact(running.server.port());
  CHECK(exact.ask(post("/echo", std::string(1000, 'x'))).status == 200);
  CHECK(exact.ask(post("/small", std::string(10, 'x'))).status == 200);
}

TEST_CASE("a client that goes on sending after 413 still gets to read it") {
  Running running;
  Connection client(running.server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 8000000\r\n\r\n");
  for (int i = 0; i < 80; ++i) client.send(std::string(100'000, 'x'));
  CHECK(client.read().status == 413);
}

TEST_CASE("Expect: 100-continue is answered before the body is sent") {
  Running running;
  Connection client(running.server.port());
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: ";
  CHECK(client.ask(head + "5\r\n\r\n").status == 100);
  CHECK(client.ask("hello").body == "POST /echo hello");
  CHECK(client.ask(head + "5000\r\n\r\n").status == 413);
  CHECK(Connection(running.server.port())
            .ask("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n")
            .status == 417);
}

TEST_CASE("malformed requests are refused with 400 and the connection ends") {
  Running running;
  for (const std::string& request :
       {std::string("nonsense\r\n\r\n"), std::string("GET  /echo HTTP/1.1\r\nHost: t\r\n\r\n"),
        std::string("GET /echo HTTP/9.9\r\nHost: t\r\n\r\n"),
        std::string("GET /echo HTTP/1.1\r\nHost t\r\n\r\n"),
        std::string("GET /echo HTTP/1.1\r\nHost: t\r\nA: b\r\n c\x01\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1x\r\n\r\n"),
        std::string(
            "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        chunked("zz\r\nabc\r\n0\r\n\r\n"), chunked("3\r\nabcdef\r\n0\r\n\r\n"),
        chunked("ffffffffffffffffff\r\nabc"), chunked("-1\r\nabc\r\n")}) {
    INFO(request);
    Connection client(running.server.port());
    CHECK(client.ask(request).status == 400);
    CHECK(client.at_end());
  }
  check_alive(running);
}

TEST_CASE("requests that are well formed but not acceptable say why") {
  Running running;
  const auto status = [&](const std::string& request) {
    return Connection(running.server.port()).ask(request).status;
  };
  CHECK(status("GET /echo HTTP/1.1\r\n\r\n") == 400);
  CHECK(status("GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
  CHECK(status(get("/echo%zz")) == 400);
  CHECK(status(get("/echo%00")) == 400);
  CHECK(status(get("echo")) == 400);
  CHECK(status(get("http://other/echo")) == 200);
  CHECK(status("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n") == 501);
  CHECK(status(get("/echo", "X: " + std::string(5000, 'x') + "\r\n")) == 431);
}

TEST_CASE("a slow client is told so and let go") {
  ServerOptions options = test_options();
  options.head_timeout = 150ms;
  options.body_timeout = 150ms;
  options.idle_timeout = 150ms;
  Running running(options);
  Connection slow_head(running.server.port());
  slow_head.send("GET /echo HTT");
  CHECK(slow_head.read().status == 408);
  CHECK(slow_head.at_end());
  Connection slow_body(running.server.port());
  slow_body.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf");
  CHECK(slow_body.read().status == 408);
  Connection idle(running.server.port());
  CHECK(idle.ask(get("/echo")).status == 200);
  CHECK(idle.at_end());
  Connection silent(running.server.port());
  CHECK(silent.at_end());
}

TEST_CASE("a client that drips bytes cannot outlive the head's time limit") {
  ServerOptions options = test_options();
  options.head_timeout = 200ms;
  Running running(options);
  Connection client(running.server.port());
  const auto start = std::chrono::steady_clock::now();
  while (client.send("G") && std::chrono::steady_clock::now() - start < 250ms) {
    std::this_thread::sleep_for(5ms);
  }
  CHECK(client.read().status != 200);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("a client that leaves in the middle harms nobody") {
  Running running;
  {
    Connection waiting(running.server.port());
    waiting.send(get("/held"));
    gate.wait_for(1);
    Connection in_head(running.server.port());
    in_head.send("GET /ec");
    Connection in_body(running.server.port());
    in_body.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf");
    Connection in_chunk(running.server.port());
    in_chunk.send(chunked("5\r\nab"));
  }
  gate.open();
  check_alive(running);
}

TEST_CASE("a handler that throws is a 500 that keeps its secret, and the server goes on") {
  ServerOptions options = test_options();
  std::promise<std::string> fault;
  options.on_fault = [&fault](const std::string& text) { fault.set_value(text); };
  Running running(options);
  Connection client(running.server.port());
  const WireReply reply = client.ask(get("/throws"));
  CHECK(reply.status == 500);
  CHECK(reply.body.find("secret") == std::string::npos);
  CHECK_THAT(fault.get_future().get(), ContainsSubstring("secret detail"));
  CHECK(client.ask(get("/echo")).status == 200);
}

TEST_CASE(
    "stopping finishes the request in flight, closes idle connections and takes no new ones") {
  ServerOptions options = test_options();
  std::promise<void> drained;
  options.on_drain = [&drained] { drained.set_value(); };
  Running running(options);
  const std::uint16_t port = running.server.port();
  Connection busy(port);
  busy.send(get("/held"));
  gate.wait_for(1);
  Connection idle(port);
  CHECK(idle.ask(get("/echo")).status == 200);
  running.server.stop();
  drained.get_future().get();
  CHECK(idle.at_end());
  CHECK_THROWS(Connection(port));
  gate.open();
  const WireReply reply = busy.read();
  CHECK(reply.body == "late");
  CHECK(reply.field("Connection") == "close");
  running.stop();
  CHECK(running.cut == 0);
}

TEST_CASE("SIGTERM drains the server and ends it, with and without connections") {
  for (const bool connected : {false, true}) {
    ServerOptions options = test_options();
    options.handle_signals = true;
    Running running(options);
    std::unique_ptr<Connection> client;
    if (connected) client = std::make_unique<Connection>(running.server.port());
    if (connected) CHECK(client->ask(get("/echo")).status == 200);
    // The handler is in place once the server answers; without a client, ask and hang up.
    if (!connected) check_alive(running);
    std::raise(SIGTERM);
    running.thread.join();
    CHECK(running.cut == 0);
  }
}

TEST_CASE("a request that outlasts the drain timeout is cut off") {
  ServerOptions options = test_options();
  options.drain_timeout = 100ms;
  Running running(options);
  Connection busy(running.server.port());
  busy.send(get("/held"));
  gate.wait_for(1);
  running.stop();
  CHECK(running.cut == 1);
  gate.open();  // an answer that nobody waits for any more
}

TEST_CASE("with a drain delay the server still answers before it closes") {
  ServerOptions options = test_options();
  options.drain_delay = 300ms;
  std::promise<void> drained;
  options.on_drain = [&drained] { drained.set_value(); };
  Running running(options);
  running.server.stop();
  drained.get_future().get();
  check_alive(running);
}

TEST_CASE("connections over the limit wait until another one ends") {
  ServerOptions options = test_options();
  options.max_connections = 1;
  Running running(options);
  auto first = std::make_unique<Connection>(running.server.port());
  CHECK(first->ask(get("/echo")).status == 200);
  Connection second(running.server.port());
  second.send(get("/echo"));
  std::this_thread::sleep_for(50ms);
  CHECK(first->ask(get("/echo")).status == 200);
  first.reset();
  CHECK(second.read().status == 200);
}

TEST_CASE("many clients at once get their own answers") {
  Running running;
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      Connection client(running.server.port());
      for (int i = 0; i < 50; ++i) {
        const std::string body = std::to_string(c) + ":" + std::to_string(i);
        right += client.ask(post("/echo", body)).body == "POST /echo " + body;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(right == 400);
}

TEST_CASE("a port that is taken is named") {
  Server first(test_options());
  ServerOptions options = test_options();
  options.port = first.port();
  CHECK_THROWS_WITH(Server(options), ContainsSubstring(std::to_string(first.port())));
}
