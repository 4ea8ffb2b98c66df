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

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

// Jobs of a service whose child is a shell script: $1 is the job's folder.
struct Service {
  class Work : public JobHandler {
   public:
    JobSpec prepare(const std::string&, const Json& options) override {
      if (options.contains("bad")) throw JobRefusal(422, "bad is bad");
      JobSpec spec;
      spec.options = options;
      return spec;
    }
    Json plan(const std::string&, const Json& options) override { return options; }
    Json finish(const Job&, const std::filesystem::path&, const Json& result) override {
      if (result.contains("spoiled")) throw FormatError("the model is damaged");
      ++finished;
      return {{"taken", result["value"]}};
    }
    int finished = 0;
  };

  explicit Service(const std::string& script) : script_(script) { start(); }
  void start() {
    store = open_sqlite_store(folder.path() / "fovea.db");
    JobsOptions options;
    options.folder = folder.path() / "jobs";
    options.command = {"/bin/sh", "-c", script_, "child"};
    options.idle = false;
    options.grace = 300ms;
    auto given = std::make_unique<Work>();
    work = given.get();
    jobs = std::make_unique<Jobs>(options, store->jobs(), hub, std::move(given));
  }
  void stop() {
    jobs.reset();
    store.reset();
  }
  Job wait(std::int64_t id, JobState state) {
    for (int i = 0; i < 6000; ++i) {  // jobs get what a busy machine has left
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
  Work* work = nullptr;
};

const std::string kResult =
    R"(echo '{"event":"result","value":5}' > $1/result.json; cat $1/result.json; )";
// Until the test makes the file `go`, or the server asks it to stop.
const std::string kWait = "touch $1/here; while ! [ -e $1/go ]; do sleep 0.02; done; ";

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
  for (bool more = true; more;) {
    std::promise<std::pair<std::string, bool>> promise;
    stream.next([&](std::string bytes, bool goes_on) { promise.set_value({bytes, goes_on}); });
    auto future = promise.get_future();
    if (future.wait_for(20s) != std::future_status::ready) std::abort();
    auto [bytes, goes_on] = future.get();
    all += bytes;
    more = goes_on;
  }
  return all;
}

TEST_CASE("a job runs, tells its events and hands its result over") {
  Service service(
      R"(echo '{"event":"start","epochs":2,"mode":"full"}'; echo noise; echo '{"event":"pro'; )"
      R"(echo '{"event":"progress","epoch":1,"loss":2.5}'; )"
      R"(echo '{"event":"epoch","epoch":1,"train_loss":1.5,"val_accuracy":0.5}'; )"
      R"(echo checkpoint > $1/checkpoint; )" +
      kResult);
  const auto made = service.jobs->submit("retrain", {{"epochs", 2}}, "");
  CHECK(made.created);
  const Job job = service.wait(made.job.id, JobState::succeeded);
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
  // What it trained with is gone, what it said is kept.
  for (int i = 0; i < 500 && std::filesystem::exists(service.at(1, "checkpoint")); ++i) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK_FALSE(std::filesystem::exists(service.at(1, "checkpoint")));
  CHECK(std::filesystem::exists(service.at(1, "result.json")));
}

TEST_CASE("every way of a child to end has its state and reason") {
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
  CHECK(job.reason == "killed by signal 9 (Killed), perhaps for lack of memory");
  job = run("exit 3");
  CHECK(job.state == JobState::interrupted);
  job = run(R"(echo '{"event":"error","reason":"the disk is full"}'; exit 1)");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason == "the disk is full");
  job = run("echo 'fovea: no champion' >&2; exit 1");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason == "ended with code 1; its last words: fovea: no champion");
  job = run("exit 0");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason.find("wrote no result.json") != std::string::npos);
  job = run("echo rubbish > $1/result.json");
  CHECK(job.state == JobState::failed);
  job = run(R"(echo '{"event":"result","spoiled":1}' > $1/result.json)");
  CHECK(job.state == JobState::failed);
  CHECK(job.reason == "the model is damaged");
}

TEST_CASE("a second retrain is refused while one runs, and a key makes one job") {
  Service service(kWait + kResult);
  const auto first = service.jobs->submit("retrain", {{"epochs", 1}}, "key");
  service.wait(first.job.id, JobState::running);
  try {
    service.jobs->submit("retrain", Json::object(), "");
    FAIL("accepted");
  } catch (const JobRefusal& refusal) {
    CHECK(refusal.status == 409);
    CHECK(refusal.in_the_way == first.job.id);
  }
  const auto again = service.jobs->submit("retrain", {{"epochs", 1}}, "key");
  CHECK_FALSE(again.created);
  CHECK(again.job.id == first.job.id);
  CHECK(status_of([&] { service.jobs->submit("retrain", {{"epochs", 2}}, "key"); }) == 422);
  CHECK(status_of([&] { service.jobs->submit("evaluate", {{"bad", 2}}, ""); }) == 422);
  CHECK(status_of([&] { service.jobs->find(9); }) == 404);
  CHECK(status_of([&] { service.jobs->resume(first.job.id); }) == 409);
  CHECK(service.jobs->retraining());
  // Another kind waits its turn, and may be taken back before it comes.
  const auto second = service.jobs->submit("evaluate", Json::object(), "").job.id;
  const auto third = service.jobs->submit("evaluate", Json::object(), "").job.id;
  CHECK(service.jobs->cancel(third).state == JobState::canceled);
  CHECK(service.jobs->find(second).state == JobState::queued);
  write_file_atomically(service.at(1, "go"), "");
  service.wait(first.job.id, JobState::succeeded);
  service.wait_for_file(service.at(second, "here"));
  write_file_atomically(service.at(second, "go"), "");
  service.wait(second, JobState::succeeded);
  CHECK(service.jobs->find(third).state == JobState::canceled);
  CHECK_FALSE(service.jobs->retraining());
  CHECK(status_of([&] { service.jobs->cancel(second); }) == 409);
}

TEST_CASE("a running job is canceled, also when it does not listen") {
  const std::string script =
      GENERATE(std::string("trap 'exit 3' TERM; "), std::string("trap '' TERM; "), std::string(""));
  Service service(script + kWait);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "here"));
  CHECK(service.jobs->cancel(id).state == JobState::running);
  service.wait(id, JobState::canceled);
  CHECK(service.jobs->cancel(id).state == JobState::canceled);
  CHECK(status_of([&] { service.jobs->resume(id); }) == 409);
}

TEST_CASE("a server that stops interrupts its job; the next one resumes it in its folder") {
  Service service("if [ -e $1/half ]; then " + kResult +
                  "exit 0; fi; trap 'touch $1/half; exit 3' TERM; " + kWait);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "here"));
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

TEST_CASE("a job that ran when the server was killed is interrupted, one that waited runs") {
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
  // Job 1 was done: only its result was not taken over yet. Job 3 lost its folder.
  write_file_atomically(service.at(1, "result.json"), R"({"event":"result","value":7})");
  service.script_ = kResult;
  service.start();
  CHECK(service.jobs->find(1).state == JobState::interrupted);
  service.wait(2, JobState::succeeded);
  CHECK(service.wait(3, JobState::failed).reason == "the folder of the job is gone");
  CHECK(status_of([&] { service.jobs->resume(3); }) == 409);
  service.jobs->resume(1);
  CHECK(service.wait(1, JobState::succeeded).result == R"({"taken":7})");
}

TEST_CASE("events are followed from any number to the end, across a resume") {
  Service service(R"(echo '{"event":"start"}'; )" + kWait +
                  R"(echo '{"event":"epoch","epoch":1}'; )" + kResult);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "here"));
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

TEST_CASE("a stream ends when the server does, and may outlive it") {
  Service service("trap 'exit 3' TERM; " + kWait);
  const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
  service.wait_for_file(service.at(id, "here"));
  const auto stream = service.jobs->follow(id, 0);
  auto all = std::async(std::launch::async, [&] { return read_all(*stream); });
  service.stop();
  CHECK(all.get().find("interrupted") != std::string::npos);
  CHECK(read_all(*stream).empty());
}

TEST_CASE("a child killed at any moment leaves a state that can be resumed") {
  for (int round = 0; round < 6; ++round) {
    Service service(
        "for i in 1 2 3 4 5 6 7 8; do echo '{\"event\":\"epoch\",\"epoch\":'$i'}'; "
        "[ -e $1/tried ] || sleep 0.01; done; "
        "[ -e $1/tried ] || { touch $1/tried; kill -9 $$; }; " +
        kResult);
    const auto id = service.jobs->submit("retrain", Json::object(), "").job.id;
    service.wait(id, JobState::running);
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 17));
    service.stop();  // SIGTERM at another moment each time; the script dies of it
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

}  // namespace
}  // namespace fovea::tests
