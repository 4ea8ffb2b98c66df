#include "server/store/job_store.h"
#include "engine/core/error.h"
#include "server/store/database.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

TEST_CASE("jobs and their events survive a restart", "[server][store]") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "fovea.db";
  {
    const auto store = open_sqlite_store(file);
    JobStore& jobs = store->jobs();
    const Job created = jobs.create("retrain", R"({"epochs":2})", "key one");
    CHECK(created.id == 1);
    CHECK(created.state == JobState::queued);
    CHECK_FALSE(jobs.get(1)->started);
    CHECK(jobs.change(1, JobState::running, "", R"({"event":"state"})") == 1);
    CHECK(jobs.append(1, R"({"event":"epoch","epoch":1})") == 2);
    CHECK(jobs.change(1, JobState::succeeded, "", R"({"event":"state"})", R"({"version":2})") == 3);
  }
  const auto store = open_sqlite_store(file);
  const auto job = store->jobs().get(1);
  REQUIRE(job);
  CHECK(job->kind == "retrain");
  CHECK(job->state == JobState::succeeded);
  CHECK(job->options == R"({"epochs":2})");
  CHECK(job->result == R"({"version":2})");
  CHECK(job->idempotency_key == "key one");
  REQUIRE(job->started);
  REQUIRE(job->ended);
  CHECK(*job->ended >= *job->started);
  const auto events = store->jobs().events(1, 1, 10);
  REQUIRE(events.size() == 2);
  CHECK(events[0].number == 2);
  CHECK(events[0].event == R"({"event":"epoch","epoch":1})");
  CHECK(events[1].number == 3);
  CHECK(store->jobs().events(1, 0, 2).size() == 2);
  CHECK(store->jobs().events(1, 3, 10).empty());
}

TEST_CASE("a resumed job keeps its result and events and has no end time", "[server][store]") {
  const TemporaryFolder folder;
  const auto store = open_sqlite_store(folder.path() / "fovea.db");
  JobStore& jobs = store->jobs();
  jobs.create("retrain", "{}", "");
  jobs.change(1, JobState::interrupted, "killed", "{}", R"({"a":1})");
  CHECK(jobs.get(1)->reason == "killed");
  CHECK(jobs.get(1)->ended);
  CHECK(jobs.change(1, JobState::queued, "", "{}") == 2);
  CHECK_FALSE(jobs.get(1)->ended);
  CHECK(jobs.get(1)->reason.empty());
  CHECK(jobs.get(1)->result == R"({"a":1})");
}

TEST_CASE("jobs are found by key and state and page by page", "[server][store]") {
  const TemporaryFolder folder;
  const auto store = open_sqlite_store(folder.path() / "fovea.db");
  JobStore& jobs = store->jobs();
  jobs.create("import", "{}", "");
  jobs.create("evaluate", "{}", "");  // empty keys do not conflict
  jobs.create("retrain", "{}", "key 1");
  CHECK_THROWS_AS(jobs.create("retrain", "{}", "key 1"), IoError);
  CHECK(jobs.find_key("key 1")->id == 3);
  CHECK_FALSE(jobs.find_key("key 2"));
  jobs.change(2, JobState::running, "", "{}");
  const auto queued = jobs.in_state(JobState::queued);
  REQUIRE(queued.size() == 2);
  CHECK(queued[0].id == 1);
  CHECK(queued[1].id == 3);
  const auto page = jobs.newest(2);
  REQUIRE(page.size() == 2);
  CHECK(page[0].id == 3);
  REQUIRE(jobs.newest(2, page[1].id).size() == 1);
  CHECK(jobs.newest(2, page[1].id)[0].kind == "import");
  CHECK_THROWS_AS(jobs.change(9, JobState::running, "", "{}"), IoError);
  CHECK_FALSE(jobs.get(9));
}

TEST_CASE("evaluations are stored by version with their job", "[server][store]") {
  const TemporaryFolder folder;
  const auto store = open_sqlite_store(folder.path() / "fovea.db");
  {
    // An evaluation refers to a row of versions.
    Database database(folder.path() / "fovea.db");
    database.write([](SQLite::Database& connection) {
      connection.exec(
          "INSERT INTO versions(number, model_sha256, weights_sha256, manifest, created) "
          "VALUES(1, 'a', 'b', '{}', 1)");
    });
  }
  JobStore& jobs = store->jobs();
  jobs.create("evaluate", "{}", "");
  CHECK(jobs.add_evaluation({0, 1, 0, "rev", "test", {}, 0, R"({"accuracy":0.5})"}) == 1);
  CHECK(jobs.add_evaluation({0, 1, 1, "rev", "test", {}, 0, R"({"data":{"count":8}})"}) == 2);
  CHECK_THROWS_AS(jobs.add_evaluation({0, 7, 0, "rev", "test", {}, 0, "{}"}), IoError);
  const auto list = jobs.evaluations(1, 10);
  REQUIRE(list.size() == 2);
  CHECK(list[0].id == 2);
  CHECK(list[0].job == 1);
  CHECK(list[0].evaluation.empty());
  CHECK(list[0].count == 8);
  CHECK(list[1].count == 0);  // not in its document
  CHECK(list[1].job == 0);
  CHECK(jobs.get_evaluation(1)->evaluation == R"({"accuracy":0.5})");
  CHECK(jobs.evaluations(2, 10).empty());
  CHECK_FALSE(jobs.get_evaluation(3));
}

}  // namespace
}  // namespace fovea::tests
