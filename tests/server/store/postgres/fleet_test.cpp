#include <future>
#include <set>
#include <thread>

#include "engine/core/sha256.h"
#include "server/store/job_store.h"
#include "server/store/postgres/prediction_upkeep.h"
#include "server/store/store.h"
#include "server/store/version_store.h"
#include "tests/support/catch.h"
#include "tests/support/postgres_server.h"

// Several processes on one database. Each Store here is what a process has.
namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;
using postgres::Connection;

struct Fleet {
  explicit Fleet(HistoryLimits given = {}) : limits(given) {}
  std::unique_ptr<Store> open() { return open_postgres_store(server.url(name), limits); }

  PostgresServer& server = *PostgresServer::get();
  std::string name = server.new_database();
  HistoryLimits limits;
};

NewPrediction prediction(const std::string& file, const std::vector<std::uint8_t>& image) {
  static const auto model = std::make_shared<const PredictionModel>(
      PredictionModel{"tiny", 1, "weights", {"bird", "cat"}});
  PredictionRecord record;
  record.time = std::chrono::system_clock::now();
  record.source = "v1";
  record.file = file;
  record.image_sha256 = sha256_hex(image);
  record.model = model;
  record.probabilities = {0.25f, 0.75f};
  record.label = "cat";
  record.probability = 0.75f;
  return {std::move(record), image};
}

// Adds `batches` times 5 predictions, whose images the writers share.
std::vector<std::int64_t> write_batches(Store& store, int batches, int seed) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < batches; ++i) {
    std::vector<std::vector<std::uint8_t>> images;
    for (int k = 0; k < 5; ++k) images.push_back({std::uint8_t((seed * (i + 3) + k * 7) % 40), 1});
    std::vector<NewPrediction> batch;
    for (const auto& image : images) batch.push_back(prediction("a.png", image));
    store.predictions().append(batch);
    for (const auto& added : batch) ids.push_back(added.record.id);
  }
  return ids;
}

std::int64_t total(Fleet& fleet, const std::string& name) {
  return fleet.server
      .sql(fleet.name,
           "SELECT sum(value)::bigint FROM prediction_totals WHERE name = '" + name + "'")
      .integer(0, 0);
}
std::int64_t scalar(Fleet& fleet, const std::string& sql) {
  return fleet.server.sql(fleet.name, sql).integer(0, 0);
}

TEST_CASE("totals and statistics are right with concurrent writers", "[server][store]") {
  if (!PostgresServer::get()) return;
  Fleet fleet;
  const auto a = fleet.open(), b = fleet.open();
  constexpr int kBatches = 150;  // enough for merges of the queue meanwhile
  std::vector<std::future<std::vector<std::int64_t>>> writers;
  for (int i = 1; i <= 4; ++i) {
    Store& store = i % 2 == 0 ? *a : *b;
    writers.push_back(
        std::async(std::launch::async, [&store, i] { return write_batches(store, kBatches, i); }));
  }
  // Deletes and queries meanwhile.
  int removed = 0;
  for (int i = 0; i < 30; ++i) {
    for (const auto& record : a->predictions().newest({}, 1)) {
      removed += b->predictions().remove(record.id, nullptr) ? 1 : 0;
    }
    a->predictions().statistics({});
    std::this_thread::sleep_for(5ms);
  }
  std::set<std::int64_t> ids;
  for (auto& writer : writers) {
    for (const std::int64_t id : writer.get()) ids.insert(id);
  }
  constexpr std::size_t kAdded = 4 * kBatches * 5;
  CHECK(ids.size() == kAdded);
  CHECK(removed > 0);
  const auto left = static_cast<std::int64_t>(kAdded) - removed;
  CHECK(a->predictions().statistics({}).all.count == left);
  CHECK(b->predictions().statistics(std::chrono::system_clock::now() - 1h).all.count == left);
  CHECK(total(fleet, "rows") == left);
  CHECK(scalar(fleet, "SELECT count(*) FROM predictions") == left);
  CHECK(total(fleet, "image_bytes") ==
        scalar(fleet, "SELECT coalesce(sum(size), 0)::bigint FROM images"));
  CHECK(scalar(fleet,
               "SELECT count(*) FROM predictions p WHERE NOT EXISTS "
               "(SELECT 1 FROM images WHERE id = p.image)") == 0);
}

TEST_CASE("the limits of the history hold with concurrent writers", "[server][store]") {
  if (!PostgresServer::get()) return;
  Fleet fleet({100, 30});
  const auto a = fleet.open(), b = fleet.open();
  auto other = std::async(std::launch::async, [&] { write_batches(*a, 80, 3); });
  write_batches(*b, 80, 5);
  other.get();
  write_batches(*b, 1, 1);
  CHECK(scalar(fleet, "SELECT count(*) FROM predictions") <= 100);
  CHECK(scalar(fleet, "SELECT sum(size)::bigint FROM images") <= 30);
  CHECK(total(fleet, "rows") == scalar(fleet, "SELECT count(*) FROM predictions"));
  CHECK(total(fleet, "image_bytes") == scalar(fleet, "SELECT sum(size)::bigint FROM images"));
  CHECK(a->predictions().statistics({}).all.count == 161 * 5);
}

TEST_CASE("predictions that are committed after newer ones are in the statistics",
          "[server][store]") {
  if (!PostgresServer::get()) return;
  Fleet fleet;
  const auto store = fleet.open();
  std::vector<NewPrediction> first, late, early;
  first.push_back(prediction("first", {}));
  late.push_back(prediction("late", {}));
  early.push_back(prediction("early", {}));
  store->predictions().append(first);
  const auto merge = [&] {
    postgres::Database database(postgres::parse_url(fleet.server.url(fleet.name)));
    database.write([](Connection& connection) { postgres::roll_up(connection); });
  };
  const auto count = [&] { return store->predictions().statistics({}).all.count; };
  std::int64_t late_id = 0;
  postgres::Database database(postgres::parse_url(fleet.server.url(fleet.name)));
  database.write([&](Connection& connection) {
    late_id = connection
                  .exec(
                      "INSERT INTO predictions(time, request_id, source, file, image_sha256, "
                      "model, label, probability, uncertain, probabilities, decode_ms, queue_ms, "
                      "compute_ms) SELECT time, request_id, source, 'late', image_sha256, model, "
                      "label, probability, uncertain, probabilities, decode_ms, queue_ms, "
                      "compute_ms FROM predictions RETURNING id")
                  .integer(0, 0);
    postgres::queue_tallies(connection, late, {1});
    store->predictions().append(early);
    merge();
    CHECK(count() == 2);
  });
  CHECK(late_id < early[0].record.id);
  CHECK(count() == 3);
  merge();
  CHECK(count() == 3);
  CHECK(scalar(fleet, "SELECT count(*) FROM prediction_new_tallies") == 0);
  CHECK(store->predictions().remove(late_id, nullptr));
  CHECK(count() == 2);
}

TEST_CASE("each job is claimed by one of several runners", "[server][store]") {
  if (!PostgresServer::get()) return;
  Fleet fleet;
  const auto a = fleet.open(), b = fleet.open();
  for (int i = 0; i < 40; ++i) a->jobs().create("evaluate", "{}", "");
  const auto claim_all = [](Store& store, const std::string& runner) {
    std::vector<std::int64_t> ids;
    while (const auto job = store.jobs().claim(runner, "{}")) ids.push_back(job->id);
    return ids;
  };
  auto first = std::async(std::launch::async, [&] { return claim_all(*a, "a"); });
  auto second = std::async(std::launch::async, [&] { return claim_all(*b, "b"); });
  auto ids = first.get();
  for (const std::int64_t id : second.get()) ids.push_back(id);
  CHECK(ids.size() == 40);
  CHECK(std::set<std::int64_t>(ids.begin(), ids.end()).size() == 40);
}

TEST_CASE("the events of a job from several processes have numbers without gaps",
          "[server][store]") {
  if (!PostgresServer::get()) return;
  Fleet fleet;
  const auto a = fleet.open(), b = fleet.open();
  a->jobs().create("retrain", "{}", "");
  const auto append = [](Store& store) {
    for (int i = 0; i < 50; ++i) store.jobs().append(1, "{}");
  };
  auto other = std::async(std::launch::async, [&] { append(*a); });
  append(*b);
  other.get();
  const auto events = a->jobs().events(1, 0, 1000);
  REQUIRE(events.size() == 100);
  CHECK(events.back().number == 100);
}

TEST_CASE("names of files that are not UTF-8 are stored with replacements", "[server][store]") {
  if (!PostgresServer::get()) return;
  Fleet fleet;
  const auto store = fleet.open();
  const std::vector<std::uint8_t> image{1};
  std::vector<NewPrediction> added;
  added.push_back(prediction(std::string("\xFF\0.png", 6), image));
  store->predictions().append(added);
  CHECK(store->predictions().find(1)->file == "\xEF\xBF\xBD\xEF\xBF\xBD.png");
}

}  // namespace
}  // namespace fovea::tests
