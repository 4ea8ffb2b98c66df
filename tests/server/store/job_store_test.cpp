#include "server/store/job_store.h"
#include "engine/core/error.h"
#include "server/store/store.h"
#include "server/store/version_store.h"
#include "tests/support/catch.h"
#include "tests/support/stores.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

TEST_CASE("jobs and their events survive a restart", "[server][store]") {
  const TestDatabase database(GENERATE(from_range(backends())));
  {
    const auto store = database.open();
    JobStore& jobs = store->jobs();
    const Job created = jobs.create("retrain", R"({"epochs":2})", "key one");
    CHECK(created.id == 1);
    CHECK(created.state == JobState::queued);
    CHECK_FALSE(jobs.get(1)->started);
    CHECK(jobs.change(1, JobState::running, "", R"({"event":"state"})") == 1);
    CHECK(jobs.append(1, R"({"event":"epoch","epoch":1})") == 2);
    CHECK(jobs.change(1, JobState::succeeded, "", R"({"event":"state"})", R"({"version":2})") == 3);
  }
  const auto store = database.open();
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
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
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
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
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
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
  // An evaluation refers to a row of versions.
  store->versions().add({0, "a", "b", {}, "{}", {}, {}}, {});
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

TEST_CASE("a runner claims the oldest queued job and reports that it is alive", "[server][store]") {
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
  JobStore& jobs = store->jobs();
  CHECK_FALSE(jobs.claim("a"));
  jobs.create("retrain", "{}", "");
  jobs.create("evaluate", "{}", "");
  const auto claimed = jobs.claim("a", R"({"event":"state"})");
  REQUIRE(claimed);
  CHECK(claimed->id == 1);
  CHECK(claimed->state == JobState::running);
  CHECK(claimed->started);
  CHECK(claimed->runner == "a");
  REQUIRE(jobs.events(1, 0, 10).size() == 1);
  CHECK(jobs.claim("b")->id == 2);
  CHECK(jobs.events(2, 0, 10).empty());
  CHECK_FALSE(jobs.claim("b"));
  CHECK(jobs.heartbeat(1, "a").owned);
  CHECK_FALSE(jobs.heartbeat(1, "b").owned);
  CHECK_FALSE(jobs.heartbeat(9, "a").owned);
  CHECK(jobs.change_as("a", 1, JobState::succeeded, "", "{}", R"({"x":1})") == 2);
  CHECK_FALSE(jobs.heartbeat(1, "a").owned);
  CHECK(jobs.get(1)->runner == "a");
}

TEST_CASE("a request to cancel reaches the runner and ends with the job", "[server][store]") {
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
  JobStore& jobs = store->jobs();
  jobs.create("retrain", "{}", "");
  CHECK_FALSE(jobs.request_cancel(2));
  SECTION("while it is queued") {
    CHECK(jobs.request_cancel(1));
    jobs.claim("a");
  }
  SECTION("while it is running") {
    jobs.claim("a");
    CHECK_FALSE(jobs.heartbeat(1, "a").cancel_requested);
    CHECK(jobs.request_cancel(1));
  }
  CHECK(jobs.heartbeat(1, "a").cancel_requested);
  CHECK(jobs.get(1)->cancel_requested);
  jobs.change(1, JobState::canceled, "", "{}");
  CHECK_FALSE(jobs.request_cancel(1));
  jobs.change(1, JobState::queued, "", "{}");
  CHECK_FALSE(jobs.get(1)->cancel_requested);
  CHECK(jobs.get(1)->runner.empty());
}

TEST_CASE("a job without heartbeats is released and its former runner cannot change it",
          "[server][store]") {
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
  JobStore& jobs = store->jobs();
  jobs.create("retrain", "{}", "");
  jobs.create("evaluate", "{}", "");
  jobs.claim("a");
  jobs.request_cancel(1);
  CHECK(jobs.release_stale(std::chrono::seconds(60)).empty());
  // A negative age: every heartbeat is older.
  const auto released = jobs.release_stale(std::chrono::seconds(-1), R"({"event":"state"})");
  REQUIRE(released.size() == 1);
  CHECK(released[0].id == 1);
  CHECK(released[0].runner == "a");
  CHECK(released[0].state == JobState::queued);
  CHECK(jobs.get(1)->state == JobState::queued);
  CHECK(jobs.get(1)->runner.empty());
  CHECK(jobs.get(1)->cancel_requested);
  CHECK(jobs.events(1, 0, 10).size() == 1);
  CHECK_FALSE(jobs.heartbeat(1, "a").owned);
  CHECK_FALSE(jobs.change_as("a", 1, JobState::failed, "", "{}"));
  CHECK(jobs.claim("b")->id == 1);
  CHECK_FALSE(jobs.change_as("a", 1, JobState::failed, "", "{}"));
  CHECK(jobs.get(1)->state == JobState::running);
  CHECK(jobs.events(1, 0, 10).size() == 1);
}

}  // namespace
}  // namespace fovea::tests
