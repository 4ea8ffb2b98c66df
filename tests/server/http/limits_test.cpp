#include <future>

#include "server/http/body_budget.h"
#include "tests/support/running_server.h"

using namespace fovea::server;
using namespace fovea::tests;

namespace {

constexpr std::size_t kLarge = 24 << 20;

Reply large(const Request&, App&) {
  static const std::string bytes(kLarge, 'x');
  Reply reply;
  reply.shared =
      SharedBytes{nullptr, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}};
  return reply;
}

// Set when the endless stream of the last request is destroyed.
std::promise<void> abandoned;

struct Sentinel {
  ~Sentinel() { abandoned.set_value(); }
};

Reply endless(const Request& request, App&) {
  Reply reply;
  reply.fields = {{"Content-Type", request.path == "/events" ? "text/event-stream" : "text/csv"}};
  reply.stream =
      make_pull_stream([sentinel = std::make_shared<Sentinel>()]() -> std::optional<std::string> {
        return std::string(65536, 'x');
      });
  return reply;
}

std::vector<Route> routes() {
  return {{"POST", "/held", held},
          {"POST", "/upload", echo, std::uint64_t{64} << 20},
          {"GET", "/large", large},
          {"GET", "/events", endless},
          {"GET", "/export", endless}};
}

bool ends(std::promise<void>& promise) {
  return promise.get_future().wait_for(10s) == std::future_status::ready;
}

}  // namespace

TEST_CASE("the body budget gets every share back", "[server][http]") {
  BodyBudget budget(100);
  {
    BodyBudget::Share first(budget), second(budget);
    CHECK(first.grow_to(60));
    CHECK(first.grow_to(50));  // already granted
    CHECK_FALSE(second.grow_to(41));
    CHECK(second.grow_to(40));
    CHECK_FALSE(first.grow_to(61));
  }
  BodyBudget::Share all(budget);
  CHECK(all.grow_to(100));
}

TEST_CASE("a body that exceeds the common budget is rejected unread with 503", "[server][http]") {
  ServerOptions options = test_options();
  options.max_body = 2000;
  options.max_bodies = 3000;
  Running running(options, routes());
  Connection first(running.server.port());
  first.send(post("/held", std::string(2000, 'x')));
  gate.wait_for(1);
  const std::string second =
      "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n";
  Connection client(running.server.port());
  const WireReply reply = client.ask(second);
  CHECK(reply.status == 503);
  CHECK(reply.field("Retry-After") == "1");
  CHECK(reply.field("Content-Type") == "application/problem+json");
  CHECK(client.at_end());
  CHECK(Connection(running.server.port()).ask(post("/echo", std::string(1000, 'x'))).status == 200);
  gate.open();
  CHECK(first.read().status == 200);
  // The share is returned shortly after the response.
  CHECK(first.ask(get("/echo")).status == 200);
  CHECK(Connection(running.server.port()).ask(second).status == 100);
}

TEST_CASE("a chunked body takes from the budget as it grows", "[server][http]") {
  ServerOptions options = test_options();
  options.max_body = 1 << 20;
  options.max_bodies = 1 << 20;
  Running running(options, routes());
  Connection first(running.server.port());
  first.send(post("/held", std::string(700'000, 'x')));
  gate.wait_for(1);
  const auto send = [&](int blocks) {
    std::string body;
    for (int i = 0; i < blocks; ++i) body += "10000\r\n" + std::string(65536, 'y') + "\r\n";
    return Connection(running.server.port()).ask(chunked(body + "0\r\n\r\n")).status;
  };
  CHECK(send(1) == 200);
  CHECK(send(8) == 503);
  gate.open();
  CHECK(first.read().status == 200);
  CHECK(first.ask(get("/echo")).status == 200);
  CHECK(send(8) == 200);
  CHECK(send(17) == 413);
}

TEST_CASE("the body limit of a route cannot exceed the common budget", "[server][http]") {
  ServerOptions options = test_options();
  options.max_bodies = 500;
  Running running(options, routes());
  for (const char* path : {"/echo", "/upload"}) {
    const WireReply reply =
        Connection(running.server.port()).ask(post(path, std::string(501, 'x')));
    CHECK(reply.status == 413);
    CHECK_THAT(reply.body, ContainsSubstring("500 bytes"));
  }
}

TEST_CASE("a body that trickles in times out", "[server][http]") {
  for (const std::string& head :
       {std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")}) {
    std::promise<int> answered;
    auto status = answered.get_future();
    ServerOptions options = test_options();
    options.body_timeout = 300ms;
    options.on_access = [&](const Access& access) { answered.set_value(access.status); };
    Running running(options);
    Connection client(running.server.port());
    client.send(head);
    const std::string drop = head.find("chunked") == std::string::npos ? "x" : "1\r\nx\r\n";
    int drops = 0;
    while (drops < 900 && status.wait_for(10ms) == std::future_status::timeout) {
      client.send(drop);
      ++drops;
    }
    REQUIRE(drops < 900);
    CHECK(status.get() == 408);
    CHECK(client.read().status == 408);
    CHECK(client.at_end());
  }
}

TEST_CASE("a large body that keeps arriving does not time out", "[server][http]") {
  ServerOptions options = test_options();
  options.max_body = 32 << 20;
  options.body_timeout = 1s;
  Running running(options);
  Connection client(running.server.port());
  constexpr std::size_t kPieces = 24;
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(kPieces << 20) +
              "\r\n\r\n");
  for (std::size_t i = 0; i < kPieces; ++i) {
    client.send(std::string(1 << 20, 'x'));
    std::this_thread::sleep_for(60ms);  // 1.4 s in total
  }
  CHECK(client.read().status == 200);
}

TEST_CASE("a slow client receives all of a large response", "[server][http]") {
  ServerOptions options = test_options();
  options.write_timeout = 1s;
  Running running(options, routes());
  Connection client(running.server.port());
  client.send(get("/large", "Connection: close\r\n"));
  std::size_t size = 0;
  for (std::string piece; !(piece = client.read_some()).empty(); size += piece.size()) {
    if (size / (1 << 20) != (size + piece.size()) / (1 << 20)) {
      std::this_thread::sleep_for(60ms);
    }
  }
  CHECK(size > kLarge);
}

TEST_CASE("a client that does not read its response is disconnected", "[server][http]") {
  ServerOptions options = test_options();
  options.write_timeout = 200ms;
  std::promise<void> done;
  options.on_access = [&done](const Access& access) {
    if (access.target == "/large") done.set_value();
  };
  Running running(options, routes());
  Connection client(running.server.port());
  client.send(get("/large"));
  check_alive(running);
  CHECK(ends(done));
  check_alive(running);
  running.stop();
  CHECK(running.cut_off == 0);
}

TEST_CASE("a stream whose client stops reading is destroyed", "[server][http]") {
  ServerOptions options = test_options();
  options.write_timeout = 200ms;
  Running running(options, routes());
  for (const char* path : {"/export", "/events"}) {
    abandoned = std::promise<void>();
    Connection client(running.server.port());
    client.send(get(path));
    check_alive(running);
    CHECK(ends(abandoned));
  }
  running.stop();
  CHECK(running.cut_off == 0);
}
