#include "server/jobs/jobs.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/events/hub.h"
#include "server/jobs/job_protocol.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

#include <nlohmann/json.hpp>

#include <csignal>
#include <future>
#include <tuple>

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

// A job queue whose worker is a shell script; $1 is the folder of the job.
struct Service {
  class Handler : public JobHandler {
   public:
    JobSpec prepare(const std::string&, const Json& options) override {
      if (options.contains("bad")) throw JobRefusal(422, "invalid option");
      JobSpec spec;
      spec.options = options;
      return spec;
    }
    Json plan(const std::string&, const Json& options) override { return options; }
    Json finish(const Job&, const std::filesystem::path&, const Json& result) override {
      if (result.contains("damaged")) throw FormatError("the model is damaged");
      ++finished;
      return {{"taken", result["value"]}};
    }
    int finished = 0;
  };

  explicit Service(const std::string& script) : script_(script) { start(); }
  JobsOptions options(const std::string& runner = "server") const {
    JobsOptions options;
    options.folder = folder.path() / "jobs";
    options.command = {"/bin/sh", "-c", script_, "child"};
    options.idle = false;
    options.grace = 300ms;
    options.runner = runner;
    options.heartbeat = 50ms;
    options.stale_after = 1s;
    return options;
  }
  // A process of a fleet, which shares the store with the others.
  std::unique_ptr<Jobs> replica(const std::string& runner, bool run = true) {
    JobsOptions shared = options(runner);
    shared.shared = true;
    shared.run = run;
    return std::make_unique<Jobs>(shared, *store, hub, std::make_unique<Handler>());
  }
  void start() {
    store = open_sqlite_store(folder.path() / "fovea.db");
    jobs = std::make_unique<Jobs>(options(), *store, hub, std::make_unique<Handler>());
  }
  void stop() {
    jobs.reset();
    store.reset();
  }
  Job wait(std::int64_t id, JobState state) {
    for (int i = 0; i < 6000; ++i) {  // up to 60 s, for a busy machine
      const Job job = jobs->find(id);
      if (job.state == state) return job;
      if (has_ended(job.state) && has_ended(state)) break;
      std::this_thread::sleep_for(10ms);
    }
    FAIL("job " << id << " is " << to_string(jobs->find(id).state) << ": "
                << jobs->find(id).reason);
    return {};
  }
  void wait_for_file(const std::filesystem::path& file) const {
    for (int i = 0; i < 1500 && !std::filesystem::exists(file); ++i) {
      std::this_thread::sleep_for(10ms);
    }
    REQUIRE(std::filesystem::exists(file));
  }
  std::filesystem::path at(std::int64_t id, const std::string& file) const {
    return folder.path() / "jobs" / std::to_string(id) / file;
  }

  const TemporaryFolder folder;
  std::string script_;
  std::unique_ptr<Store> store;
  Hub hub;
  std::unique_ptr<Jobs> jobs;
};

const std::string kResult =
    R"(echo '{"event":"result","value":5}' > $1/result.json; cat $1/result.json; )";
// Waits until the test creates the file `go` or the server sends a stop signal.
const std::string kWait = "touch $1/started; while ! [ -e $1/go ]; do sleep 0.02; done; ";

int status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const JobRefusal& refusal) {
    return refusal.status;
  }
  return 0;
}

std::string read_all(BodyStream& stream) {
  std::string all;
  for (bool go_on = true; go_on;) {
    std::promise<std::pair<std::string, bool>> promise;
    stream.next([&](std::string part, bool more_follows) {
      promise.set_value({part, more_follows});
    });
    auto future = promise.get_future();
    if (future.wait_for(20s) != std::future_status::ready) std::abort();
    std::string bytes;
    std::tie(bytes, go_on) = future.get();
    all += bytes;
  }
  return all;
}

TEST_CASE("a job stores its events and its result", "[server][jobs]") {
  Service service(
      R"(echo '{"event":"start","epochs":2,"mode":"full"}'; echo noise; echo '{"event":"pro'; )"
      R"(echo '{"event":"progress","epoch":1,"loss":2.5}'; )"
      R"(echo '{"event":"epoch","epoch":1,"train_loss":1.5,"val_accuracy":0.5}'; )"
      R"(echo checkpoint > $1/checkpoint; )" +
      kResult);
  const auto submitted = service.jobs->submit("retrain", {{"epochs", 2}}, "");
  CHECK(submitted.created);
  const Job job = service.wait(submitted.job.id, JobState::succeeded);
  CHECK(job.result == R"({"taken":5})");
  const Json shown = service.jobs->show(job);
  CHECK(shown["state"] == "succeeded");
  CHECK(shown["mode"] == "full");
  CHECK(shown["epochs"] == 2);
  CHECK(shown["loss"] == 1.5);
  CHECK(shown["val_accuracy"] == 0.5);
  REQUIRE(shown["history"].size() == 1);
  CHECK(shown["result"]["taken"] == 5);
  CHECK(read_job(service.at(job.id, "").parent_path()).options["epochs"] == 2);
  std::string names;
  for (const JobEvent& event : service.store->jobs().events(job.id, 0, 100)) {
    const Json parsed = Json::parse(event.event);
    names += parsed.value("state", parsed["event"].get<std::string>()) + " ";
  }
  CHECK(names == "queued running start epoch succeeded ");
  // Checkpoints are deleted; the result is kept.
  for (int i = 0; i < 500 && std::filesystem::exists(service.at(1, "checkpoint")); ++i) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK_FALSE(std::filesystem::exists(service.at(1, "checkpoint")));
  CHECK(std::filesystem::exists(service.at(1, "result.json")));
}

TEST_CASE("each way a worker can end sets the state and the reason of its job", "[server][jobs]") {
  const auto run = [](const std::string& script) {
    Service service(script);
    const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
    for (int i = 0; i < 1500 && !has_ended(service.jobs->find(id).state); ++i) {
      std::this_thread::sleep_for(10ms);
    }
    return service.jobs->find(id);
  };
  Job job = run("kill -9 $$");
  CHECK(job.state == JobState::interrupted);
  CHECK(job.reason == "killed by signal 9 (Killed), possibly out of memory");
  job = run("exit 3");
  CHECK(job.state == JobState::interrupted);
  job = run(R"(echo '{"event":"error","reason":"the disk is full"}'; exit 1)");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason == "the disk is full");
  job = run("echo 'fovea: no champion' >&2; exit 1");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason == "exited with code 1; last line on stderr: fovea: no champion");
  job = run("exit 0");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason.find("wrote no result.json") != std::string::npos);
  job = run("echo rubbish > $1/result.json");
  CHECK(job.state == JobState::failed);
  job = run(R"(echo '{"event":"result","damaged":1}' > $1/result.json)");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason == "the model is damaged");
}

TEST_CASE("a second retraining is rejected and an idempotency key creates one job",
          "[server][jobs]") {
  Service service(kWait + kResult);
  const auto first = service.jobs->submit("retrain", {{"epochs", 1}}, "key");
  service.wait(first.job.id, JobState::running);
  try {
    service.jobs->submit("retrain", Json::object(), "");
    FAIL("accepted");
  } catch (const JobRefusal& refusal) {
    CHECK(refusal.status == 409);
    CHECK(refusal.conflicting_job == first.job.id);
  }
  const auto again = service.jobs->submit("retrain", {{"epochs", 1}}, "key");
  CHECK_FALSE(again.created);
  CHECK(again.job.id == first.job.id);
  CHECK(status_of([&] { service.jobs->submit("retrain", {{"epochs", 2}}, "key"); }) == 422);
  CHECK(status_of([&] { service.jobs->submit("evaluate", {{"bad", 2}}, ""); }) == 422);
  CHECK(status_of([&] { service.jobs->find(9); }) == 404);
  CHECK(status_of([&] { service.jobs->resume(first.job.id); }) == 409);
  CHECK(service.jobs->retraining());
  // Jobs of another kind are queued and can be canceled while they wait.
  const auto second = service.jobs->submit("evaluate", Json::object(), "").job.id;
  const auto third = service.jobs->submit("evaluate", Json::object(), "").job.id;
  CHECK(service.jobs->cancel(third).state == JobState::canceled);
  CHECK(service.jobs->find(second).state == JobState::queued);
  write_file_atomically(service.at(1, "go"), "");
  service.wait(first.job.id, JobState::succeeded);
  service.wait_for_file(service.at(second, "started"));
  write_file_atomically(service.at(second, "go"), "");
  service.wait(second, JobState::succeeded);
  CHECK(service.jobs->find(third).state == JobState::canceled);
  CHECK_FALSE(service.jobs->retraining());
  CHECK(status_of([&] { service.jobs->cancel(second); }) == 409);
}

TEST_CASE("a running job can be canceled even if its worker ignores SIGTERM", "[server][jobs]") {
  const std::string script =
      GENERATE(std::string("trap 'exit 3' TERM; "), std::string("trap '' TERM; "), std::string(""));
  Service service(script + kWait);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "started"));
  CHECK(service.jobs->cancel(id).state == JobState::running);
  service.wait(id, JobState::canceled);
  CHECK(service.jobs->cancel(id).state == JobState::canceled);
  CHECK(status_of([&] { service.jobs->resume(id); }) == 409);
}

TEST_CASE("a job interrupted by a server stop can be resumed after a restart", "[server][jobs]") {
  Service service("if [ -e $1/half ]; then " + kResult +
                  "exit 0; fi; trap 'touch $1/half; exit 3' TERM; " + kWait);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "started"));
  service.stop();
  service.start();
  const Job job = service.jobs->find(id);
  CHECK(job.state == JobState::interrupted);
  CHECK(job.reason == "the server was stopped");
  CHECK(service.jobs->show(job)["resumable"] == true);
  service.jobs->resume(id);
  service.wait(id, JobState::succeeded);
  CHECK_FALSE(service.jobs->find(id).result.empty());
}

TEST_CASE("after a crash running jobs are interrupted and queued jobs run", "[server][jobs]") {
  Service service(kResult);
  service.stop();
  {
    const auto store = open_sqlite_store(service.folder.path() / "fovea.db");
    for (int id = 1; id <= 3; ++id) {
      store->jobs().create(id == 2 ? "evaluate" : "retrain", "{}", "");
      if (id != 3) write_job(service.at(id, "job.json").parent_path(), JobSpec{});
    }
    store->jobs().change(1, JobState::running, "", R"({"event":"state","state":"running"})");
  }
  // Job 1 has a result that was not applied yet. Job 3 has no folder.
  write_file_atomically(service.at(1, "result.json"), R"({"event":"result","value":7})");
  service.script_ = kResult;
  service.start();
  CHECK(service.jobs->find(1).state == JobState::interrupted);
  service.wait(2, JobState::succeeded);
  CHECK(service.wait(3, JobState::failed).reason == "the folder of the job no longer exists");
  CHECK(status_of([&] { service.jobs->resume(3); }) == 409);
  service.jobs->resume(1);
  CHECK(service.wait(1, JobState::succeeded).result == R"({"taken":7})");
}

TEST_CASE("an event stream starts after any event number and ends with the job", "[server][jobs]") {
  Service service(R"(echo '{"event":"start"}'; )" + kWait +
                  R"(echo '{"event":"epoch","epoch":1}'; )" + kResult);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "started"));
  const auto stream = service.jobs->follow(id, 0);
  auto all = std::async(std::launch::async, [&] { return read_all(*stream); });
  write_file_atomically(service.at(id, "go"), "");
  const std::string text = all.get();
  CHECK(text.find("retry: 2000\n\nid: 1\nevent: state\ndata: {\"event\":\"state\",\"state\":"
                  "\"queued\"}\n\n") == 0);
  CHECK(text.find("id: 2\nevent: state") < text.find("id: 3\nevent: start"));
  CHECK(text.find("id: 4\nevent: epoch") < text.find("id: 5\nevent: state"));
  CHECK(text.find("succeeded") != text.npos);
  const std::string rest = read_all(*service.jobs->follow(id, 3));
  CHECK(rest.find("id: 3") == rest.npos);
  CHECK(rest.find("id: 4\nevent: epoch") != rest.npos);
}

TEST_CASE("event streams end with the server and may outlive it", "[server][jobs]") {
  Service service("trap 'exit 3' TERM; " + kWait);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "started"));
  const auto stream = service.jobs->follow(id, 0);
  auto all = std::async(std::launch::async, [&] { return read_all(*stream); });
  service.stop();
  CHECK(all.get().find("interrupted") != std::string::npos);
  CHECK(read_all(*stream).empty());
}

TEST_CASE("a job can be resumed after its worker was killed at any time", "[server][jobs]") {
  for (int round = 0; round < 6; ++round) {
    Service service(
        "for i in 1 2 3 4 5 6 7 8; do echo '{\"event\":\"epoch\",\"epoch\":'$i'}'; "
        "[ -e $1/tried ] || sleep 0.01; done; "
        "[ -e $1/tried ] || { touch $1/tried; kill -9 $$; }; " +
        kResult);
    const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
    service.wait(id, JobState::running);
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 17));
    service.stop();  // SIGTERM at a different time in each round; it kills the script
    service.start();
    const Job job = service.jobs->find(id);
    REQUIRE(job.state == JobState::interrupted);
    REQUIRE_FALSE(job.reason.empty());
    const auto events = service.store->jobs().events(id, 0, 100);
    for (std::size_t i = 0; i < events.size(); ++i) {
      REQUIRE(events[i].number == static_cast<std::int64_t>(i + 1));
    }
    write_file_atomically(service.at(id, "tried"), "");
    service.jobs->resume(id);
    service.wait(id, JobState::succeeded);
    CHECK(service.jobs->show(service.jobs->find(id))["history"].size() == 8);
  }
}

// The states that were stored, in order.
std::vector<std::string> states(Store& store, std::int64_t id) {
  std::vector<std::string> found;
  for (const JobEvent& stored : store.jobs().events(id, 0, 100)) {
    const Json event = Json::parse(stored.event);
    if (event["event"] == "state") found.push_back(event["state"]);
  }
  return found;
}

TEST_CASE("the job of a process that died is continued by another process", "[server][jobs]") {
  Service service(kResult);
  service.jobs.reset();  // the only server
  service.jobs = service.replica("api", false);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  REQUIRE(service.store->jobs().claim("dead", state_event(JobState::running, "")));
  const auto other = service.replica("other");
  service.wait(id, JobState::succeeded);
  CHECK(states(*service.store, id) ==
        std::vector<std::string>{"queued", "running", "queued", "running", "succeeded"});
}

TEST_CASE("a process stops the worker of a job that another process has taken over",
          "[server][jobs]") {
  Service service("trap 'touch $1/stopped; exit 3' TERM; " + kWait);
  service.jobs = service.replica("slow");
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "started"));
  service.store->jobs().change(id, JobState::queued, "", state_event(JobState::queued, ""));
  REQUIRE(service.store->jobs().claim("other"));
  service.wait_for_file(service.at(id, "stopped"));
  service.jobs.reset();
  const auto job = service.store->jobs().get(id);
  CHECK(job->state == JobState::running);
  CHECK(job->runner == "other");
}

TEST_CASE("a job is canceled through a process that does not run it", "[server][jobs]") {
  Service service("trap 'exit 3' TERM; " + kWait);
  service.jobs.reset();
  const auto runner = service.replica("runner");
  service.jobs = service.replica("api", false);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "started"));
  service.jobs->cancel(id);
  service.wait(id, JobState::canceled);
  CHECK(service.store->jobs().get(id)->reason.empty());
}

TEST_CASE("a process of a fleet that is stopped queues its job again", "[server][jobs]") {
  Service service("trap 'exit 3' TERM; [ -e $1/started ] || { " + kWait + "}; " + kResult);
  service.jobs = service.replica("first");
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "started"));
  service.jobs.reset();
  CHECK(service.store->jobs().get(id)->state == JobState::queued);
  service.jobs = service.replica("second");
  service.wait(id, JobState::succeeded);
}

}  // namespace
}  // namespace fovea::tests
