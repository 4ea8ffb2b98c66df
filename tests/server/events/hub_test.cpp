#include "server/events/hub.h"
#include "tests/support/catch.h"

#include <chrono>
#include <future>

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;

struct Read {
  std::string bytes;
  bool more = false;
};

std::future<Read> read_next(BodyStream& stream) {
  const auto promise = std::make_shared<std::promise<Read>>();
  stream.next([promise](std::string bytes, bool more) {
    promise->set_value({std::move(bytes), more});
  });
  return promise->get_future();
}

std::string id_in(const std::string& bytes) {
  const std::size_t at = bytes.rfind("id: ") + 4;
  return bytes.substr(at, bytes.find('\n', at) - at);
}

TEST_CASE("a subscriber gets all events published after it subscribed", "[server][events]") {
  Hub hub;
  hub.publish("job", "{\"before\":1}");
  const auto stream = hub.subscribe("");
  CHECK(read_next(*stream).get().bytes == "retry: 2000\n\n");
  auto waiting = read_next(*stream);
  CHECK(waiting.wait_for(0s) == std::future_status::timeout);
  hub.publish("job", "{\"state\":\"running\"}");
  const std::string first = waiting.get().bytes;
  CHECK(first.find("event: job\ndata: {\"state\":\"running\"}\n\n") != first.npos);
  hub.publish("a", "1");
  hub.publish("b", "2");
  const std::string both = read_next(*stream).get().bytes;
  CHECK(both.find("event: a\ndata: 1") < both.find("event: b\ndata: 2"));
}

TEST_CASE("a reconnecting subscriber resumes after its last event or gets a resync",
          "[server][events]") {
  Hub hub("", 2);
  const auto first = hub.subscribe("");
  read_next(*first).get();
  auto waiting = read_next(*first);
  hub.publish("a", "1");
  const std::string last_id = id_in(waiting.get().bytes);
  hub.publish("b", "2");
  hub.publish("c", "3");
  const std::string rest = read_next(*hub.subscribe(last_id)).get().bytes;
  CHECK(rest.find("resync") == rest.npos);
  CHECK(rest.find("event: a") == rest.npos);
  CHECK(rest.find("event: b") < rest.find("event: c"));
  hub.publish("d", "4");  // b is no longer kept
  CHECK(read_next(*hub.subscribe(last_id)).get().bytes.find("event: resync") != std::string::npos);
  CHECK(read_next(*hub.subscribe("17-1")).get().bytes.find("event: resync") != std::string::npos);
}

TEST_CASE("a slow subscriber gets a resync and others lose no events", "[server][events]") {
  Hub hub("", 8, 3);
  const auto slow = hub.subscribe("");
  const auto quick = hub.subscribe("");
  read_next(*slow).get();
  read_next(*quick).get();
  for (int i = 0; i < 5; ++i) {
    auto reading = read_next(*quick);
    hub.publish("n", std::to_string(i));
    CHECK(reading.get().bytes.find("data: " + std::to_string(i)) != std::string::npos);
  }
  const std::string bytes = read_next(*slow).get().bytes;
  CHECK(bytes.find("event: resync") != bytes.npos);
  CHECK(bytes.find("data: 2") == bytes.npos);
  CHECK(bytes.find("data: 4") != bytes.npos);
}

TEST_CASE("streams end when the hub is closed and closed subscriptions are removed",
          "[server][events]") {
  Hub hub;
  const auto stream = hub.subscribe("");
  {
    const auto gone = hub.subscribe("");
    CHECK(hub.subscribers() == 2);
  }
  CHECK(hub.subscribers() == 1);
  read_next(*stream).get();
  auto waiting = read_next(*stream);
  hub.close();
  CHECK_FALSE(waiting.get().more);
  CHECK_FALSE(read_next(*hub.subscribe("")).get().more);
}

TEST_CASE("counts are summed and the first is published immediately", "[server][events]") {
  Hub hub;
  const auto stream = hub.subscribe("");
  read_next(*stream).get();
  auto waiting = read_next(*stream);
  hub.count("predictions", 2);
  const std::string first = waiting.get().bytes;
  CHECK(first.find("event: predictions\ndata: {\"count\":2}") != first.npos);
  waiting = read_next(*stream);
  hub.count("predictions", 3);
  hub.count("predictions", 4);
  const std::string sum = waiting.get().bytes;
  CHECK(sum.find("data: {\"count\":7}") != sum.npos);
}

TEST_CASE("the events of a project name it", "[server][events]") {
  Hub hub("hands");
  const auto stream = hub.subscribe("");
  read_next(*stream).get();
  hub.publish("job", R"({"id":1})");
  hub.publish("resync", "{}");
  const std::string bytes = read_next(*stream).get().bytes;
  CHECK(bytes.find(R"(data: {"project":"hands","id":1})") != bytes.npos);
  CHECK(bytes.find("data: {\"project\":\"hands\"}\n") != bytes.npos);
}

TEST_CASE("streams can be ended without closing the hub", "[server][events]") {
  Hub hub;
  const auto first = hub.subscribe("");
  read_next(*first).get();
  auto waiting = read_next(*first);
  hub.end_streams();
  CHECK_FALSE(waiting.get().more);
  const auto second = hub.subscribe("");
  CHECK(read_next(*second).get().more);
  hub.publish("a", "{}");
  CHECK(read_next(*second).get().bytes.find("event: a") != std::string::npos);
}

}  // namespace
}  // namespace fovea::tests
