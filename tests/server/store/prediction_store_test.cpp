#include "server/store/prediction_store.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "server/store/audit_log.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/stores.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;

std::shared_ptr<const PredictionModel> model_of(int version) {
  return std::make_shared<const PredictionModel>(
      PredictionModel{"tiny", version, "weights" + std::to_string(version), {"bird", "cat"}});
}

struct Entry {
  std::string file = "a.png";
  std::string image = "image";
  float cat = 0.75f;  // probability of cat; that of bird is the rest
  int version = 1;
  Time time = std::chrono::system_clock::now();
  double compute_ms = 2;
};

struct History {
  explicit History(HistoryLimits given = {}) : limits(given) { open(); }
  void open() {
    store.reset();
    store = database.open(limits);
  }
  PredictionStore& operator*() { return store->predictions(); }
  PredictionStore* operator->() { return &store->predictions(); }

  std::int64_t add(const Entry& entry) {
    const std::vector<std::uint8_t> bytes(entry.image.begin(), entry.image.end());
    PredictionRecord record;
    record.time = entry.time;
    record.request_id = "request";
    record.source = "v1";
    record.file = entry.file;
    record.image_sha256 = sha256_hex(bytes);
    record.model = model_of(entry.version);
    record.probabilities = {1 - entry.cat, entry.cat};
    record.label = entry.cat >= 0.5f ? "cat" : "bird";
    record.probability = std::max(entry.cat, 1 - entry.cat);
    record.uncertain = record.probability < 0.6f;
    record.compute_ms = entry.compute_ms;
    std::vector<NewPrediction> predictions{{std::move(record), bytes}};
    store->predictions().append(predictions);
    return predictions[0].record.id;
  }
  std::vector<std::int64_t> ids(const PredictionFilter& filter, int limit = 100) {
    std::vector<std::int64_t> found;
    for (const auto& record : store->predictions().newest(filter, limit))
      found.push_back(record.id);
    return found;
  }

  TestDatabase database{GENERATE(from_range(backends()))};
  HistoryLimits limits;
  std::unique_ptr<Store> store;
};

using Ids = std::vector<std::int64_t>;

TEST_CASE("a prediction is read back unchanged after a restart", "[server][store]") {
  History history;
  const auto id = history.add({"cat.png", "bytes", 0.9f, 3});
  history.open();
  const auto record = history->find(id);
  REQUIRE(record);
  CHECK(record->file == "cat.png");
  CHECK(record->source == "v1");
  CHECK(record->label == "cat");
  CHECK(record->probability == 0.9f);
  CHECK(record->probabilities == std::vector<float>{1 - 0.9f, 0.9f});
  CHECK(record->model->version == 3);
  CHECK(record->model->classes == std::vector<std::string>{"bird", "cat"});
  CHECK(record->compute_ms == 2);
  CHECK_FALSE(record->uncertain);
  CHECK_FALSE(record->right_label);
  CHECK(record->image_stored);
  const auto image = history->image(id);
  REQUIRE(image);
  CHECK(std::string(image->begin(), image->end()) == "bytes");
  CHECK_FALSE(history->find(id + 1));
  CHECK_FALSE(history->image(id + 1));
}

TEST_CASE("the newest predictions come first page by page", "[server][store]") {
  History history;
  for (int i = 0; i < 5; ++i) history.add({});
  CHECK(history.ids({}, 2) == Ids{5, 4});
  const auto next = history->newest({}, 2, 4);
  REQUIRE(next.size() == 2);
  CHECK(next[0].id == 3);
  CHECK(next[1].id == 2);
}

TEST_CASE("filters select matching predictions and combine", "[server][store]") {
  History history;
  const Time start = std::chrono::system_clock::now();
  history.add({"one_Cat.png", "a", 0.9f, 1, start - 2h});
  history.add({"100%.png", "b", 0.1f, 2, start - 1h});
  history.add({"three.png", "c", 0.55f, 2, start});
  history->set_right_label(2, "cat", nullptr);
  PredictionFilter filter;
  SECTION("label") {
    CHECK((filter.label = "cat", history.ids(filter)) == Ids{3, 1});
  }
  SECTION("version") {
    CHECK((filter.version = 2, history.ids(filter)) == Ids{3, 2});
  }
  SECTION("no such version") {
    CHECK((filter.version = 9, history.ids(filter)).empty());
  }
  SECTION("from") {
    CHECK((filter.from = start - 1h, history.ids(filter)) == Ids{3, 2});
  }
  SECTION("to") {
    CHECK((filter.to = start - 1h, history.ids(filter)) == Ids{1});
  }
  SECTION("uncertain") {
    CHECK((filter.uncertain = true, history.ids(filter)) == Ids{3});
  }
  SECTION("certain") {
    CHECK((filter.uncertain = false, history.ids(filter)) == Ids{2, 1});
  }
  SECTION("minimum probability") {
    CHECK((filter.min_probability = 0.6, history.ids(filter)) == Ids{2, 1});
  }
  SECTION("maximum probability") {
    CHECK((filter.max_probability = 0.6, history.ids(filter)) == Ids{3});
  }
  SECTION("labelled") {
    CHECK((filter.labelled = true, history.ids(filter)) == Ids{2});
  }
  SECTION("not labelled") {
    CHECK((filter.labelled = false, history.ids(filter)) == Ids{3, 1});
  }
  SECTION("file name") {
    CHECK((filter.search = "cat", history.ids(filter)) == Ids{1});
  }
  SECTION("percent sign") {
    CHECK((filter.search = "%.", history.ids(filter)) == Ids{2});
  }
  SECTION("combined") {
    filter.label = "cat";
    filter.version = 2;
    filter.search = "THREE";
    CHECK(history.ids(filter) == Ids{3});
  }
}

TEST_CASE("an image is stored once and removed with its last prediction", "[server][store]") {
  History history;
  history.add({"a", "same"});
  history.add({"b", "same"});
  CHECK(history->remove(1, nullptr));
  CHECK_FALSE(history->remove(1, nullptr));
  CHECK(history->image(2).has_value());
  CHECK(history->remove(2, nullptr));
  history.add({"c", "same"});
  CHECK(history->image(3).has_value());
  CHECK(history->remove_all(nullptr) == 1);
  CHECK(history.ids({}).empty());
  CHECK(history->statistics({}).all.count == 0);
  CHECK(history.add({}) == 4);  // ids are never reused
}

TEST_CASE("deletions and labels are committed with their audit entries", "[server][store]") {
  History history;
  history.add({"a"});
  history.add({"b"});
  const AuditEntry entry{0, {}, "local", "change", "predictions", ""};
  CHECK(history->set_right_label(2, "cat", &entry));
  CHECK(history->remove(1, &entry));
  CHECK_FALSE(history->remove(1, &entry));
  CHECK_FALSE(history->set_right_label(1, "cat", &entry));
  CHECK(history->remove_all(&entry) == 1);
  const auto entries = history.store->audit().newest(10);
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].detail == R"({"deleted":1})");
  CHECK(entries[1].detail == "{}");
}

TEST_CASE("a clock that jumps ahead deletes no statistics", "[server][store]") {
  HistoryLimits limits;
  limits.max_rows = 3;  // the tallies are merged after three rows
  History history(limits);
  const Time now = std::chrono::system_clock::now();
  history.add({"a", "a", 0.9f, 1, now - 1h});
  history.add({"b", "b", 0.9f, 1, now - 30min});
  history.add({"c", "c", 0.9f, 1, now + 24h * 365});
  history.add({"d", "d", 0.9f, 1, now});
  CHECK(history->statistics(now - 2h).all.count == 4);
  CHECK(history->statistics({}).all.count == 4);
}

TEST_CASE("the oldest images are removed when the size limit is exceeded", "[server][store]") {
  History history({1000, 10});
  history.add({"a", "12345"});
  history.add({"b", "67890"});
  history.add({"c", "abc"});
  CHECK_FALSE(history->find(1)->image_stored);
  CHECK_FALSE(history->image(1));
  CHECK(history->find(2)->image_stored);
  CHECK(history->image(3).has_value());
  history.add({"d", "12345678901"});  // larger than the limit
  CHECK_FALSE(history->image(4));
  CHECK(history->image(3).has_value());
}

TEST_CASE("a size limit of zero stores no images", "[server][store]") {
  History history({1000, 0});
  const auto id = history.add({});
  CHECK_FALSE(history->image(id));
  CHECK(history->find(id)->image_sha256.size() == 64);
}

TEST_CASE("predictions removed by the limit stay in the statistics", "[server][store]") {
  History history({3, 1000});
  for (int i = 0; i < 10; ++i) history.add({"a", "image " + std::to_string(i)});
  CHECK(history.ids({}) == Ids{10, 9, 8});
  CHECK_FALSE(history->image(7));
  CHECK(history->image(8).has_value());
  CHECK(history->statistics({}).all.count == 10);
  history.open();
  history.add({});
  CHECK(history->statistics({}).all.count == 11);
}

TEST_CASE("statistics sum the predictions of a period", "[server][store]") {
  History history;
  const Time now = std::chrono::system_clock::now();
  history.add({"a", "a", 0.9f, 1, now - 30h, 1});
  history.add({"b", "b", 0.2f, 1, now - 5min, 2});
  history.add({"c", "c", 0.55f, 2, now, 30});
  history->set_right_label(1, "cat", nullptr);
  history->set_right_label(3, "bird", nullptr);
  const Statistics all = history->statistics({});
  CHECK(all.all.count == 3);
  CHECK(all.all.uncertain == 1);
  CHECK(all.all.classes.at("cat").count == 2);
  CHECK(all.all.classes.at("bird").count == 1);
  CHECK(all.all.classes.at("cat").probability_sum == Approx(0.9 + 0.55));
  CHECK(all.all.probability_sum == Approx(0.9 + 0.8 + 0.55));
  CHECK(all.all.probability_min == Approx(0.55));
  CHECK(all.all.probability_max == Approx(0.9));
  CHECK(all.all.confidence[17] == 1);  // 0.9f is a little below 0.9
  CHECK(all.all.confidence[11] == 1);
  CHECK(all.all.total.percentile(0.5) == Approx(2).epsilon(0.025));
  CHECK(all.all.total.percentile(1.0) == Approx(30).epsilon(0.025));
  CHECK(all.labelled.count == 2);
  CHECK(all.labelled.correct == 1);
  REQUIRE(all.versions.size() == 2);
  CHECK(all.versions[0].model->version == 1);
  CHECK(all.versions[0].tally.count == 2);
  CHECK(all.versions[0].labelled.correct == 1);
  CHECK(all.versions[1].labelled.correct == 0);
  const Statistics day = history->statistics(now - 24h);
  CHECK(day.all.count == 2);
  CHECK(day.labelled.count == 1);
  std::int64_t in_series = 0;
  for (const auto& [start, tally] : day.series) in_series += tally.count;
  CHECK(in_series == 2);
  CHECK(history->statistics(now - 1h).step_seconds == 60);
}

TEST_CASE("a deleted prediction is subtracted from the statistics", "[server][store]") {
  History history;
  const Time now = std::chrono::system_clock::now();
  history.add({"a", "a", 0.9f, 1, now});
  history.add({"b", "b", 0.7f, 1, now});
  history.add({"c", "c", 0.8f, 1, now});
  CHECK(history->statistics({}).all.probability_max == Approx(0.9));
  history->remove(1, nullptr);
  for (const auto since : {std::optional<Time>(), std::optional<Time>(now - 1h)}) {
    const Statistics statistics = history->statistics(since);
    CHECK(statistics.all.count == 2);
    CHECK(statistics.all.probability_max == Approx(0.8));
    CHECK(statistics.all.probability_min == Approx(0.7));
    CHECK(statistics.all.total.count() == 2);
    CHECK(statistics.all.confidence[17] == 0);
  }
}

TEST_CASE("a tally survives a round trip through text and garbage is rejected", "[server][store]") {
  Tally tally;
  PredictionRecord record;
  record.label = "cat";
  record.probability = 0.25f;
  record.queue_ms = 1.5;
  tally.add(record);
  const Tally again = Tally::from_text(tally.to_text());
  CHECK(again.to_text() == tally.to_text());
  CHECK(again.queue.percentile(0.5) == Approx(1.5).epsilon(0.025));
  for (const char* text : {"", "{}", "[]", R"({"n": "x"})"}) {
    CHECK_THROWS_AS(Tally::from_text(text), FormatError);
  }
  // Counts that additions cannot produce.
  for (const char* n : {"1.4e54", "1.5", "9223372036854775807", "18446744073709551615", "-1e3"}) {
    std::string text = tally.to_text();
    const auto at = text.find("\"n\":1");
    REQUIRE(at != std::string::npos);
    text.replace(at + 4, 1, n);
    CHECK_THROWS_WITH(Tally::from_text(text), ContainsSubstring("is not a count"));
  }
}

}  // namespace
}  // namespace fovea::tests
