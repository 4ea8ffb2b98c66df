#include "tests/support/running_server.h"

#include <csignal>
#include <future>

#include "engine/core/error.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;

TEST_CASE("a slow request is 408 and an idle connection is closed", "[server][http]") {
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

TEST_CASE("a request head that trickles in times out", "[server][http]") {
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

TEST_CASE("a client that disconnects at any point does not affect others", "[server][http]") {
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

TEST_CASE("an exception in a handler is a 500 without its text", "[server][http]") {
  ServerOptions options = test_options();
  std::promise<std::string> logged;
  options.on_error = [&logged](const std::string& text) { logged.set_value(text); };
  Running running(options);
  Connection client(running.server.port());
  const WireReply reply = client.ask(get("/throws"));
  CHECK(reply.status == 500);
  CHECK(reply.body.find("secret") == std::string::npos);
  CHECK_THAT(logged.get_future().get(), ContainsSubstring("secret detail"));
  CHECK(client.ask(get("/echo")).status == 200);
}

TEST_CASE("a drain finishes requests in flight and closes idle connections", "[server][http]") {
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
  CHECK(running.cut_off == 0);
}

TEST_CASE("SIGTERM drains and ends the server", "[server][http]") {
  for (const bool connected : {false, true}) {
    ServerOptions options = test_options();
    options.handle_signals = true;
    Running running(options);
    std::unique_ptr<Connection> client;
    if (connected) client = std::make_unique<Connection>(running.server.port());
    if (connected) CHECK(client->ask(get("/echo")).status == 200);
    // The signal handler is installed once the server responds.
    if (!connected) check_alive(running);
    std::raise(SIGTERM);
    running.thread.join();
    CHECK(running.cut_off == 0);
  }
}

TEST_CASE("a request that exceeds the drain timeout is cut off", "[server][http]") {
  ServerOptions options = test_options();
  options.drain_timeout = 100ms;
  Running running(options);
  Connection busy(running.server.port());
  busy.send(get("/held"));
  gate.wait_for(1);
  running.stop();
  CHECK(running.cut_off == 1);
  gate.open();  // a response without a connection
}

TEST_CASE("the server accepts requests during the drain delay", "[server][http]") {
  ServerOptions options = test_options();
  options.drain_delay = 300ms;
  std::promise<void> drained;
  options.on_drain = [&drained] { drained.set_value(); };
  Running running(options);
  running.server.stop();
  drained.get_future().get();
  check_alive(running);
}

TEST_CASE("connections over the limit wait while all others have a request in progress",
          "[server][http]") {
  ServerOptions options = test_options();
  options.max_connections = 1;
  Running running(options);
  Connection first(running.server.port());
  first.send(get("/held"));
  gate.wait_for(1);
  auto second = std::async(std::launch::async, [port = running.server.port()] {
    return Connection(port).ask(get("/echo")).status;
  });
  CHECK(second.wait_for(100ms) == std::future_status::timeout);
  gate.open();
  CHECK(first.read().status == 200);
  CHECK(second.get() == 200);
}

TEST_CASE("concurrent clients get their own responses", "[server][http]") {
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

TEST_CASE("an error about a used port names the port", "[server][http]") {
  Server first(test_options());
  ServerOptions options = test_options();
  options.port = first.port();
  CHECK_THROWS_WITH(Server(options), ContainsSubstring(std::to_string(first.port())));
}
