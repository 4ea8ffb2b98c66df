#include "server/serve/recorder.h"

#include <future>

#include "engine/core/error.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

NewPrediction prediction(const std::string& file) {
  static const auto model = std::make_shared<const PredictionModel>(
      PredictionModel{"tiny", 1, "weights", {"bird", "cat"}});
  PredictionRecord record;
  record.time = std::chrono::system_clock::now();
  record.file = file;
  record.model = model;
  record.label = "cat";
  record.probabilities = {0.25f, 0.75f};
  record.probability = 0.75f;
  return {std::move(record), {}};
}

// A store whose disk can be full or slow.
class FaultyStore : public PredictionStore {
 public:
  explicit FaultyStore(PredictionStore& real) : real_(real) {}
  void append(std::span<NewPrediction> predictions) override {
    std::unique_lock lock(mutex);
    stalled.wait(lock, [this] { return !stall; });
    if (away) throw StoreUnavailable("db.example: the connection was refused");
    if (full) throw IoError("fovea.db: database or disk is full");
    real_.append(predictions);
  }
  std::vector<PredictionRecord> newest(const PredictionFilter& filter, int limit,
                                       std::int64_t before) override {
    return real_.newest(filter, limit, before);
  }
  std::optional<PredictionRecord> find(std::int64_t id) override { return real_.find(id); }
  std::optional<std::vector<std::uint8_t>> image(std::int64_t id) override {
    return real_.image(id);
  }
  bool set_right_label(std::int64_t id, const std::string& label,
                       const AuditEntry* entry) override {
    return real_.set_right_label(id, label, entry);
  }
  bool remove(std::int64_t id, const AuditEntry* entry) override { return real_.remove(id, entry); }
  std::int64_t remove_all(const AuditEntry* entry) override { return real_.remove_all(entry); }
  Statistics statistics(std::optional<Time> since) override { return real_.statistics(since); }

  std::mutex mutex;
  std::condition_variable stalled;
  bool stall = false;
  bool full = false;
  bool away = false;

 private:
  PredictionStore& real_;
};

struct Fixture {
  TemporaryFolder folder;
  std::unique_ptr<Store> store = open_sqlite_store(folder.path() / "fovea.db");
  FaultyStore disk{store->predictions()};
};

TEST_CASE("a prediction is in the history before its callback", "[server][serve]") {
  Fixture fixture;
  Recorder recorder(fixture.disk, nullptr);
  std::promise<std::optional<PredictionRecord>> seen;
  std::vector<NewPrediction> two;
  two.push_back(prediction("a"));
  two.push_back(prediction("b"));
  recorder.record(std::move(two), [&](std::span<const std::int64_t> ids) {
    REQUIRE(ids.size() == 2);
    seen.set_value(fixture.store->predictions().find(ids[1]));
  });
  const auto record = seen.get_future().get();
  REQUIRE(record);
  CHECK(record->file == "b");
}

TEST_CASE("predictions that wait for the disk share one commit", "[server][serve]") {
  Fixture fixture;
  fixture.disk.stall = true;
  std::atomic<int> answered{0};
  {
    Recorder recorder(fixture.disk, nullptr);
    for (int i = 0; i < 50; ++i) {
      std::vector<NewPrediction> one;
      one.push_back(prediction(std::to_string(i)));
      recorder.record(std::move(one),
                      [&](std::span<const std::int64_t> ids) { answered += ids.size() == 1; });
    }
    {
      const std::lock_guard lock(fixture.disk.mutex);
      fixture.disk.stall = false;
    }
    fixture.disk.stalled.notify_all();
    while (answered < 50) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(recorder.commits() <= 2);  // the first may begin before the others arrive
  }
  CHECK(fixture.store->predictions().newest({}, 100).size() == 50);
}

TEST_CASE("the destructor writes the waiting predictions", "[server][serve]") {
  Fixture fixture;
  int answered = 0;
  {
    Recorder recorder(fixture.disk, nullptr);
    for (int i = 0; i < 20; ++i) {
      std::vector<NewPrediction> one;
      one.push_back(prediction("x"));
      recorder.record(std::move(one), [&](std::span<const std::int64_t>) { ++answered; });
    }
  }
  CHECK(answered == 20);
  CHECK(fixture.store->predictions().newest({}, 100).size() == 20);
}

TEST_CASE("a full disk is reported once and predictions are recorded again afterwards",
          "[server][serve]") {
  Fixture fixture;
  std::vector<std::string> faults;
  std::vector<std::size_t> recorded;
  {
    Recorder recorder(fixture.disk, [&](const std::string& text) { faults.push_back(text); });
    const auto answer = [&] {
      std::promise<std::size_t> count;
      std::vector<NewPrediction> one;
      one.push_back(prediction("x"));
      recorder.record(std::move(one),
                      [&](std::span<const std::int64_t> ids) { count.set_value(ids.size()); });
      recorded.push_back(count.get_future().get());
    };
    fixture.disk.full = true;
    answer();
    answer();
    CHECK(recorder.unrecorded() == 2);
    fixture.disk.full = false;
    answer();
  }
  CHECK(recorded == std::vector<std::size_t>{0, 0, 1});
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0], ContainsSubstring("disk is full"));
}

std::size_t record_one(Recorder& recorder, NewPrediction one) {
  std::promise<std::size_t> count;
  std::vector<NewPrediction> predictions;
  predictions.push_back(std::move(one));
  recorder.record(std::move(predictions),
                  [&](std::span<const std::int64_t> ids) { count.set_value(ids.size()); });
  return count.get_future().get();
}

void wait_for_backlog(const Recorder& recorder) {
  for (int i = 0; i < 6000 && recorder.backlog() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  REQUIRE(recorder.backlog() == 0);
}

TEST_CASE("predictions made while the database is unavailable are written later and in order",
          "[server][serve]") {
  Fixture fixture;
  std::vector<std::string> faults;
  {
    Recorder recorder(fixture.disk, [&](const std::string& text) { faults.push_back(text); });
    CHECK(record_one(recorder, prediction("before")) == 1);
    fixture.disk.away = true;
    std::vector<std::uint8_t> image{1, 2, 3};
    NewPrediction with_image = prediction("a");
    with_image.record.image_sha256 = std::string(64, 'a');
    with_image.image = image;
    CHECK(record_one(recorder, std::move(with_image)) == 0);
    image.assign(3, 0);  // the request has ended: the backlog has a copy
    CHECK(record_one(recorder, prediction("b")) == 0);
    CHECK(recorder.backlog() == 2);
    {
      const std::lock_guard lock(fixture.disk.mutex);
      fixture.disk.away = false;
    }
    wait_for_backlog(recorder);  // without a further prediction
    CHECK(record_one(recorder, prediction("after")) == 1);
    CHECK(recorder.unrecorded() == 0);
  }
  const auto newest = fixture.store->predictions().newest({}, 10);
  REQUIRE(newest.size() == 4);
  CHECK(newest[0].file == "after");
  CHECK(newest[1].file == "b");
  CHECK(newest[2].file == "a");
  CHECK(newest[3].file == "before");
  CHECK(fixture.store->predictions().image(newest[2].id) == std::vector<std::uint8_t>{1, 2, 3});
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0], ContainsSubstring("written to the history later"));
}

TEST_CASE("a full backlog drops the newest predictions and counts them", "[server][serve]") {
  Fixture fixture;
  fixture.disk.away = true;
  {
    Recorder recorder(fixture.disk, nullptr, {2, 4});
    const std::vector<std::uint8_t> image{1, 2, 3};
    for (const char* file : {"a", "b", "c"}) {
      NewPrediction one = prediction(file);
      one.record.image_sha256 = std::string(64, *file);
      one.image = image;
      record_one(recorder, std::move(one));
    }
    CHECK(recorder.backlog() == 2);
    CHECK(recorder.unrecorded() == 1);
    {
      const std::lock_guard lock(fixture.disk.mutex);
      fixture.disk.away = false;
    }
    wait_for_backlog(recorder);
  }
  const auto newest = fixture.store->predictions().newest({}, 10);
  REQUIRE(newest.size() == 2);
  CHECK(newest[1].image_stored);
  CHECK_FALSE(newest[0].image_stored);  // the limit of 4 bytes has room for one image
}

}  // namespace
}  // namespace fovea::tests
