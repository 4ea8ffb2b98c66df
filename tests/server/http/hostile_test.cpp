// Clients that keep what a server has little of: connections, and memory for bodies.
#include <atomic>
#include <deque>
#include <future>

#include "server/http/body_budget.h"
#include "tests/support/running_server.h"

using namespace fovea::server;
using namespace fovea::tests;

namespace {

constexpr int kConnections = 8;

ServerOptions few_connections() {
  ServerOptions options = test_options();
  options.max_connections = kConnections;
  return options;
}

int status_of_new_client(const Running& running) {
  return Connection(running.server.port()).ask(get("/echo")).status;
}

}  // namespace

TEST_CASE("one idle connection is closed for a new one", "[server][http]") {
  Running running(few_connections());
  std::deque<Connection> idle;
  for (int i = 0; i < kConnections; ++i) {
    idle.emplace_back(running.server.port());
    CHECK(idle.back().ask(get("/echo")).status == 200);
  }
  CHECK(status_of_new_client(running) == 200);
  int open = 0;
  for (Connection& one : idle) open += one.ask(get("/echo")).status == 200;
  CHECK(open == kConnections - 1);
}

TEST_CASE("clients that send nothing or an unfinished head or body do not block others",
          "[server][http]") {
  const std::string unfinished =
      GENERATE(std::string(), std::string("GET /echo HTTP/1.1\r\nHost: t\r\n"),
               std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\nabc"));
  Running running(few_connections());
  std::deque<Connection> slow;
  for (int i = 0; i < 3 * kConnections; ++i) {
    slow.emplace_back(running.server.port());
    CHECK(slow.back().send(unfinished));
  }
  for (int i = 0; i < 10; ++i) CHECK(status_of_new_client(running) == 200);
}

TEST_CASE("a request in progress is never closed for a new connection", "[server][http]") {
  Running running(few_connections());
  std::deque<Connection> busy;
  for (int i = 0; i < kConnections - 1; ++i) {
    busy.emplace_back(running.server.port());
    CHECK(busy.back().send(get("/held")));
  }
  gate.wait_for(kConnections - 1);
  for (int i = 0; i < 10; ++i) CHECK(status_of_new_client(running) == 200);
  gate.open();
  for (Connection& one : busy) CHECK(one.read().body == "late");
}

TEST_CASE("an announced body takes no memory from others before its bytes arrive",
          "[server][http]") {
  ServerOptions options = test_options();
  options.max_body = 1 << 20;
  options.max_bodies = 2 << 20;
  Running running(options);
  const std::string announced = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n";
  std::deque<Connection> silent;
  for (int i = 0; i < 10; ++i) {
    silent.emplace_back(running.server.port());
    CHECK(silent.back().send(announced));
  }
  std::this_thread::sleep_for(100ms);
  CHECK(Connection(running.server.port()).ask(post("/echo", std::string(500'000, 'x'))).status ==
        200);
}

TEST_CASE("reading a large body does not delay other connections", "[server][http]") {
  // Stands for a handler that parses for a long time before it waits for nothing.
  static std::promise<void> parsing, released;
  const auto parse = [](std::shared_ptr<const Request>, App&, Respond respond) {
    parsing.set_value();
    released.get_future().wait();
    Reply reply;
    reply.body = "parsed";
    respond(std::move(reply));
  };
  ServerOptions options = test_options();
  options.io_threads = 1;
  options.max_body = 1 << 20;
  Running running(options, {{"POST", "/parse", parse}});
  Connection client(running.server.port());
  client.send(post("/parse", std::string(100'000, 'x')));
  parsing.get_future().wait();
  check_alive(running);
  released.set_value();
  CHECK(client.read().body == "parsed");
}

TEST_CASE("slow requests do not delay quick ones that wait for a disk", "[server][http]") {
  static std::promise<void> released;
  static std::shared_future<void> release = released.get_future().share();
  static std::atomic<int> running_slow{0};
  const auto wait = [](const Request&, App&) {
    ++running_slow;
    release.wait();
    return Reply();
  };
  const auto read = [](const Request&, App&) { return Reply(); };
  Running running(test_options(), {{"GET", "/slow", slow(wait)}, {"GET", "/read", Blocking{read}}});
  std::deque<Connection> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(running.server.port());
    clients.back().send(get("/slow"));
  }
  while (running_slow < 2) std::this_thread::sleep_for(1ms);
  for (int i = 0; i < 20; ++i) {
    CHECK(Connection(running.server.port()).ask(get("/read")).status == 200);
  }
  released.set_value();
  for (Connection& client : clients) CHECK(client.read().status == 200);
}

TEST_CASE("a body that makes no progress ends before its time limit", "[server][http]") {
  ServerOptions options = test_options();
  options.stall_timeout = 200ms;
  options.body_timeout = 60s;
  Running running(options);
  Connection client(running.server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\nabc");
  CHECK(client.read().status == 408);
}

TEST_CASE("one client holds at most half of the memory for bodies", "[server][http]") {
  BodyBudget budget(100);
  BodyBudget::Share whole(budget);
  whole.set_client("a");
  CHECK(whole.grow_to(90));  // a single body may take all
  whole.release();
  BodyBudget::Share first(budget), second(budget), other(budget), local(budget);
  first.set_client("a");
  second.set_client("a");
  other.set_client("b");
  CHECK(first.grow_to(40));
  CHECK_FALSE(second.could_grow_to(11));
  CHECK_FALSE(second.grow_to(11));
  CHECK(second.grow_to(10));
  CHECK_FALSE(first.grow_to(41));
  CHECK(other.grow_to(30));
  CHECK(local.grow_to(20));  // without a client
  CHECK_FALSE(local.grow_to(21));
  first.release();
  CHECK(second.grow_to(50));
}
