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

void classify(const Registry& registry, int count, double ms) {
  for (int i = 0; i < count; ++i) registry.champion()->record.image_classified(ms);
}
void fail(const Registry& registry, int count) {
  for (int i = 0; i < count; ++i) registry.champion()->record.image_failed();
}

// Two versions, the first active with 1,000 images of 1 ms, and a watchdog.
struct Watched {
  explicit Watched(WatchdogOptions options = {}) {
    options.interval = 2ms;
    service.publish(1);
    service.publish(2);
    service.registry.activate(1, "test", "");
    classify(service.registry, 1000, 1);
    watchdog.emplace(service.registry, options);
  }
  bool becomes(int number) {
    for (int i = 0; i < 5000 && service.registry.champion()->number != number; ++i) {
      std::this_thread::sleep_for(2ms);
    }
    return service.registry.champion()->number == number;
  }
  // Long enough for many checks of the watchdog.
  bool stays(int number) {
    std::this_thread::sleep_for(60ms);
    return service.registry.champion()->number == number;
  }
  TemporaryFolder folder;
  StoredRegistry service{folder.path()};
  std::optional<Watchdog> watchdog;
};

}  // namespace

TEST_CASE("the service record counts images and knows the p99 within 2.5 percent",
          "[server][registry]") {
  ServiceRecord record;
  CHECK(record.summary().p99_ms == 0);
  for (int i = 0; i < 980; ++i) record.image_classified(1.0);
  for (int i = 0; i < 20; ++i) record.image_classified(40.0);
  for (int i = 0; i < 10; ++i) record.image_failed();
  const auto summary = record.summary();
  CHECK(summary.images == 1010);
  CHECK(summary.failures == 10);
  CHECK(summary.p99_ms == Approx(40).epsilon(0.025));
  CHECK(summary.error_rate() == Approx(10.0 / 1010));
  record.image_classified(1e12);
  record.image_classified(-1);
  CHECK(record.summary().images == 1012);
}

TEST_CASE("a regression exceeds the floor and a multiple of the previous version on enough images",
          "[server][registry]") {
  const WatchdogOptions options;
  const ServiceRecord::Summary good{1000, 0, 2};
  CHECK(find_regression(good, {1000, 9, 2}, options).empty());
  CHECK_THAT(find_regression(good, {1000, 11, 2}, options), ContainsSubstring("1.1 %"));
  CHECK(find_regression(good, {199, 199, 90}, options).empty());
  CHECK(find_regression({1000, 100, 2}, {1000, 250, 2}, options).empty());
  CHECK_FALSE(find_regression({1000, 100, 2}, {1000, 350, 2}, options).empty());
  CHECK(find_regression(good, {1000, 0, 5.9}, options).empty());
  CHECK_THAT(find_regression(good, {1000, 0, 6.5}, options),
             ContainsSubstring("6.5 ms, compared with 2.0 ms"));
  CHECK(find_regression({1000, 0, 0.5}, {1000, 0, 4.9}, options).empty());  // below the floor
  CHECK(find_regression({199, 0, 2}, {1000, 0, 90}, options).empty());      // too few images
}

TEST_CASE("a failing version is rolled back with the numbers in the audit log",
          "[server][registry]") {
  Watched watched;
  Registry& registry = watched.service.registry;
  registry.activate(2, "test", "");
  classify(registry, 100, 1);
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
  CHECK(detail["reason"] == "50.0 % of 200 images failed, compared with 0.0 % before");
  CHECK(detail["numbers"]["now"]["failures"] == 100);
  CHECK(detail["numbers"]["before"]["answers"] == 1000);
  CHECK(registry.find("previous").number == 2);
  // A version that a rollback activated is not watched.
  fail(registry, 1000);
  CHECK(watched.stays(1));
}

TEST_CASE("a slow version is rolled back and an equally fast one stays", "[server][registry]") {
  Watched watched;
  Registry& registry = watched.service.registry;
  registry.activate(2, "test", "");
  classify(registry, 500, 1.2);
  CHECK(watched.stays(2));
  classify(registry, 500, 30);
  CHECK(watched.becomes(1));
}

TEST_CASE("a version is not watched after its window or with a window of zero",
          "[server][registry]") {
  WatchdogOptions options;
  options.window = 1ms;
  Watched watched(options);
  watched.service.registry.activate(2, "test", "");
  classify(watched.service.registry, 300, 1);
  CHECK(watched.stays(2));
  fail(watched.service.registry, 300);
  CHECK(watched.stays(2));

  options.window = 0ms;
  Watched unwatched(options);
  unwatched.service.registry.activate(2, "test", "");
  fail(unwatched.service.registry, 300);
  CHECK(unwatched.stays(2));
}

TEST_CASE("the batcher updates the service record of the version that it used",
          "[server][registry]") {
  App app = make_app();
  const auto classify = [&](std::span<const std::uint8_t> image) {
    const auto task = std::make_shared<PredictTask>();
    std::promise<void> done;
    task->model = app.model();
    task->images = {{"image", image}};
    task->deadline = std::chrono::steady_clock::now() + 10s;
    REQUIRE(app.runtime->batcher.submit(task, [&done] { done.set_value(); }));
    done.get_future().wait();
    return task->predictions[0].timing;
  };
  classify(image_bytes("grey.png"));
  const std::uint8_t garbage[] = {1, 2, 3};
  classify(garbage);  // an invalid image is not a failure of the version
  const auto summary = app.model()->record.summary();
  CHECK(summary.images == 1);
  CHECK(summary.failures == 0);
  CHECK(summary.p99_ms > 0);
  // A large image takes long to decode, which says nothing about the version.
  constexpr int kSide = 2500;
  std::vector<std::uint8_t> bmp(54 + std::size_t{3} * kSide * kSide, 90);
  const auto put = [&](int at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) bmp[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
  };
  std::fill_n(bmp.begin(), 54, 0);
  bmp[0] = 'B', bmp[1] = 'M', bmp[26] = 1, bmp[28] = 24;
  put(2, static_cast<std::uint32_t>(bmp.size()));
  put(10, 54), put(14, 40), put(18, kSide), put(22, kSide);
  const auto timing = classify(bmp);
  CHECK(app.model()->record.summary().images == 2);
  CHECK(app.model()->record.summary().p99_ms < timing.decode);
}
