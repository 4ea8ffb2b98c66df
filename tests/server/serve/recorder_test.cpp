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
  bool set_right_label(std::int64_t id, const std::string& label) override {
    return real_.set_right_label(id, label);
  }
  bool remove(std::int64_t id) override { return real_.remove(id); }
  std::int64_t remove_all() override { return real_.remove_all(); }
  Statistics statistics(std::optional<Time> since) override { return real_.statistics(since); }

  std::mutex mutex;
  std::condition_variable stalled;
  bool stall = false;
  bool full = false;

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

}  // namespace
}  // namespace fovea::tests
