#include "server/registry/watchdog.h"

#include "server/store/audit_log.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"
#include "tests/support/stored_registry.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

namespace {

void answer(const Registry& registry, int count, double ms) {
  for (int i = 0; i < count; ++i) registry.champion()->record.answered(ms);
}
void fail(const Registry& registry, int count) {
  for (int i = 0; i < count; ++i) registry.champion()->record.failed();
}

// Two versions, the first in service with 1,000 answers of 1 ms, and the watchdog of a server.
struct Watched {
  explicit Watched(WatchdogOptions options = {}) {
    options.interval = 2ms;
    service.publish(1);
    service.publish(2);
    service.registry.activate(1, "test", "");
    answer(service.registry, 1000, 1);
    watchdog.emplace(service.registry, options);
  }
  bool becomes(int number) {
    for (int i = 0; i < 5000 && service.registry.champion()->number != number; ++i) {
      std::this_thread::sleep_for(2ms);
    }
    return service.registry.champion()->number == number;
  }
  // Long enough for the watchdog to have looked many times.
  bool stays(int number) {
    std::this_thread::sleep_for(60ms);
    return service.registry.champion()->number == number;
  }
  TemporaryFolder folder;
  StoredRegistry service{folder.path()};
  std::optional<Watchdog> watchdog;
};

}  // namespace

TEST_CASE("the record counts answers and failures and knows the p99 within a tenth") {
  ServiceRecord record;
  CHECK(record.summary().p99_ms == 0);
  for (int i = 0; i < 980; ++i) record.answered(1.0);
  for (int i = 0; i < 20; ++i) record.answered(40.0);
  for (int i = 0; i < 10; ++i) record.failed();
  const auto summary = record.summary();
  CHECK(summary.answers == 1010);
  CHECK(summary.failures == 10);
  CHECK(summary.p99_ms >= 40.0);
  CHECK(summary.p99_ms <= 44.0);
  CHECK(summary.error_rate() == Approx(10.0 / 1010));
  record.answered(1e12);
  record.answered(-1);
  CHECK(record.summary().answers == 1012);
}

TEST_CASE("a fault is a multiple of the version before, above the floor, on enough answers") {
  const WatchdogOptions options;
  const ServiceRecord::Summary good{1000, 0, 2};
  CHECK(find_fault(good, {1000, 9, 2}, options).empty());
  CHECK_THAT(find_fault(good, {1000, 11, 2}, options), ContainsSubstring("1.1 %"));
  CHECK(find_fault(good, {199, 199, 90}, options).empty());
  CHECK(find_fault({1000, 100, 2}, {1000, 250, 2}, options).empty());
  CHECK_FALSE(find_fault({1000, 100, 2}, {1000, 350, 2}, options).empty());
  CHECK(find_fault(good, {1000, 0, 5.9}, options).empty());
  CHECK_THAT(find_fault(good, {1000, 0, 6.5}, options), ContainsSubstring("6.5 ms, 2.0 ms"));
  CHECK(find_fault({1000, 0, 0.5}, {1000, 0, 4.9}, options).empty());  // below the floor
  CHECK(find_fault({199, 0, 2}, {1000, 0, 90}, options).empty());      // too little is known
}

TEST_CASE("a version that fails is rolled back, with the numbers in the audit log") {
  Watched watched;
  Registry& registry = watched.service.registry;
  registry.activate(2, "test", "");
  answer(registry, 100, 1);
  fail(registry, 50);
  CHECK(watched.stays(2));  // 150 of 200
  fail(registry, 50);
  REQUIRE(watched.becomes(1));
  const AuditEntry entry = watched.service.store->audit().newest(1).at(0);
  CHECK(entry.actor == "watchdog");
  CHECK(entry.action == "rollback");
  CHECK(entry.subject == "version 1");
  const Json detail = Json::parse(entry.detail);
  CHECK(detail["from"] == 2);
  CHECK(detail["reason"] == "50.0 % of 200 images failed, 0.0 % before");
  CHECK(detail["numbers"]["now"]["failures"] == 100);
  CHECK(detail["numbers"]["before"]["answers"] == 1000);
  CHECK(registry.find("previous").number == 2);
  // The version that came back is not judged against the one that failed.
  fail(registry, 1000);
  CHECK(watched.stays(1));
}

TEST_CASE("a version that is slow is rolled back, one that is as before stays") {
  Watched watched;
  Registry& registry = watched.service.registry;
  registry.activate(2, "test", "");
  answer(registry, 500, 1.2);
  CHECK(watched.stays(2));
  answer(registry, 500, 30);
  CHECK(watched.becomes(1));
}

TEST_CASE("after its window a version is settled, and without a window nothing is watched") {
  WatchdogOptions options;
  options.window = 1ms;
  Watched watched(options);
  watched.service.registry.activate(2, "test", "");
  answer(watched.service.registry, 300, 1);
  CHECK(watched.stays(2));
  fail(watched.service.registry, 300);
  CHECK(watched.stays(2));

  options.window = 0ms;
  Watched unwatched(options);
  unwatched.service.registry.activate(2, "test", "");
  fail(unwatched.service.registry, 300);
  CHECK(unwatched.stays(2));
}

TEST_CASE("the batcher feeds the record of the version that answered") {
  App app = make_app();
  const auto classify = [&](std::span<const std::uint8_t> image) {
    const auto work = std::make_shared<Work>();
    std::promise<void> settled;
    work->model = app.model();
    work->images = {image};
    work->deadline = std::chrono::steady_clock::now() + 10s;
    work->done = [&settled](Work&) { settled.set_value(); };
    REQUIRE(app.batcher.submit(work));
    settled.get_future().wait();
  };
  classify(image_bytes("grey.png"));
  const std::uint8_t rubbish[] = {1, 2, 3};
  classify(rubbish);  // the client's fault, not the version's
  const auto summary = app.model()->record.summary();
  CHECK(summary.answers == 1);
  CHECK(summary.failures == 0);
  CHECK(summary.p99_ms > 0);
}
