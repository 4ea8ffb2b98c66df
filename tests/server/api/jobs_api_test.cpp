#include <nlohmann/json.hpp>
#include <thread>

#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/import.h"
#include "server/api/routes.h"
#include "server/jobs/job_protocol.h"
#include "server/store/audit_log.h"
#include "tests/support/bitmaps.h"
#include "tests/support/catch.h"
#include "tests/support/small_app.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

// The service with a shell script as the worker. $1 is the folder of the job. A model that the
// script can publish is in $1/../../new.safetensors.
AppOptions options_of(const TemporaryFolder& folder, const std::string& script) {
  AppOptions options;
  options.data_dir = folder.path();
  options.job_command = {"/bin/sh", "-c", script, "child"};
  options.idle_training = false;
  options.system.cgroup = folder.path() / "cgroup";
  return options;
}

struct Api {
  explicit Api(const std::string& script) : app(make_app(options_of(folder, script))) {
    write_file_atomically(folder.path() / "new.safetensors", small_model_file(99));
    const TemporaryFolder source;  // images of a class that the model does not have
    for (int i = 0; i < 12; ++i) {
      write_file_atomically(source.path() / "dog" / (std::to_string(i) + ".bmp"), bmp(i));
    }
    import_dataset(source.path(), dataset_folder(folder.path(), "images"), {});
  }
  Reply call(const std::string& verb, const std::string& path, const std::string& body = "",
             Fields fields = {}) {
    Request request;
    request.verb = verb;
    request.path = request.target = path;
    request.body = body;
    request.fields = std::move(fields);
    return ask(router, app, std::move(request));
  }
  Json json(const std::string& verb, const std::string& path, const std::string& body = "") {
    return Json::parse(call(verb, path, body).body);
  }
  void wait_until_running(int id) {
    for (int i = 0; i < 6000; ++i) {
      if (json("GET", "/api/v1/jobs/" + std::to_string(id))["state"] == "running") return;
      std::this_thread::sleep_for(10ms);
    }
    FAIL("job " << id << " does not run");
  }
  Json wait(int id) {
    Json job;
    for (int i = 0; i < 6000; ++i) {
      job = json("GET", "/api/v1/jobs/" + std::to_string(id));
      if (job["state"] != "queued" && job["state"] != "running") return job;
      std::this_thread::sleep_for(10ms);
    }
    FAIL(job.dump());
    return {};
  }

  const TemporaryFolder folder;
  const Router router = make_router();
  App app;
};

std::string result(const std::string& decision) {
  return R"(cp $1/../../new.safetensors $1/model.safetensors; )"
         R"(echo '{"event":"result","model":"model.safetensors","features":null,"manifest":{"mode":"full"},)"
         R"("verdict":{"decision":")" +
         decision + R"("},"forgetting":{"classes":[]}}' > $1/result.json)";
}

TEST_CASE("a promoted version is activated and every step is audited", "[server][api]") {
  Api api(result("promote"));
  const Reply started = api.call("POST", "/api/v1/jobs", R"({"kind":"retrain","epochs":1})");
  REQUIRE(started.status == 202);
  CHECK(find_field(started.fields, "Location") == "/api/v1/jobs/1");
  const Json job = api.wait(1);
  INFO(job.dump());
  CHECK(job["state"] == "succeeded");
  CHECK(job["result"]["version"] == 2);
  CHECK(job["result"]["promoted"] == true);
  CHECK(job["result"]["verdict"]["decision"] == "promote");
  CHECK(api.app.registry.aliases().at("champion") == 2);
  CHECK(api.app.registry.aliases().at("previous") == 1);
  const Json manifest = api.json("GET", "/api/v1/models/2")["manifest"];
  CHECK(manifest["job"] == 1);
  CHECK(manifest["parent"] == 1);
  CHECK(manifest["mode"] == "full");
  CHECK(manifest["verdict"]["decision"] == "promote");
  const JobSpec given = read_job(api.folder.path() / "jobs" / "1");
  CHECK(given.champion.version == 1);
  CHECK(given.options == Json({{"epochs", 1}}));
  bool activated = false, submitted = false;
  for (const AuditEntry& entry : api.app.store->audit().newest(20)) {
    activated |=
        entry.actor == "job 1" && entry.subject == "version 2" && entry.action == "activate";
    submitted |= entry.action == "start job" && entry.subject == "job 1" && entry.actor == "local";
  }
  CHECK(activated);
  CHECK(submitted);
}

TEST_CASE("an impossible retraining is rejected with the reason", "[server][api]") {
  Api api("true");
  const auto refusal = [&](int status, const std::string& body) {
    const Reply reply = api.call("POST", "/api/v1/jobs", body);
    CHECK(reply.status == status);
    return Json::parse(reply.body)["error"].get<std::string>();
  };
  CHECK_THAT(refusal(422, R"({"kind":"retrain","mode":"frozen"})"),
             ContainsSubstring("no feature statistics"));
  CHECK_THAT(refusal(422, R"({"kind":"retrain","gate":{"alpha":2}})"),
             ContainsSubstring("\"alpha\" cannot be 2"));
  // 255 of 256 MiB are in use.
  const auto group = api.folder.path() / "cgroup";
  write_file_atomically(group / "memory.max", "268435456\n");
  write_file_atomically(group / "memory.current", "267386880\n");
  const std::string lacking = refusal(507, R"({"kind":"retrain"})");
  CHECK_THAT(lacking, ContainsSubstring("1 MiB available"));
  std::filesystem::remove_all(group);
  std::vector<ContentHash> others;
  const auto images = dataset_folder(api.folder.path(), "images");
  const Dataset dataset = Dataset::open(images);
  for (const ImageRecord& image : dataset.images()) {
    if (image.label != 0) others.push_back(image.hash);
  }
  rename_class(images, dataset.classes()[0], "cat", std::chrono::seconds(1));
  remove_images(images, others, std::chrono::seconds(1));
  CHECK_THAT(refusal(422, R"({"kind":"retrain"})"), ContainsSubstring("there are no new images"));
  CHECK(api.json("GET", "/api/v1/jobs")["jobs"].empty());
}

TEST_CASE("the plan of a retraining starts nothing", "[server][api]") {
  Api api("true");
  const Json plan = api.json("POST", "/api/v1/jobs/plan", R"({"kind":"retrain","epochs":3})");
  INFO(plan.dump());
  CHECK(plan["mode"] == "full");
  CHECK_THAT(plan["why"].get<std::string>(), ContainsSubstring("may be forgotten"));
  CHECK(plan["champion"] == 1);
  CHECK(plan["epochs"] == 3);
  CHECK(plan["new_classes"] == Json({"dog"}));
  CHECK(plan["classes"] == Json({"bird", "cat", "truck", "dog"}));
  CHECK(plan["data_revision"] == api.json("GET", "/api/v1/dataset")["revision"]);
  // The splits of the twelve images depend on their content.
  const Json counts = api.json("GET", "/api/v1/dataset")["classes"][0];
  const Json dog = plan["images"][3];
  CHECK(dog["name"] == "dog");
  CHECK(dog["new"] == true);
  for (const char* split : {"train", "val", "test"}) CHECK(dog[split] == counts[split]);
  CHECK(plan["new_images"] == counts["train"]);
  CHECK(plan["shown_images"] >= plan["new_images"]);
  CHECK(plan["replayed_images"] == 0);
  CHECK_THAT(plan["notes"].dump(), ContainsSubstring("training images"));
  CHECK(plan["memory_bytes"]["needed"] > (32 << 20));
  CHECK(plan["lacking"].empty());
  CHECK_FALSE(plan.contains("estimate"));  // no retraining has ended
  CHECK(api.json("GET", "/api/v1/jobs")["jobs"].empty());
}

TEST_CASE("a plan reports missing resources and rejects invalid options", "[server][api]") {
  Api api("true");
  const auto status = [&](const std::string& body) {
    return api.call("POST", "/api/v1/jobs/plan", body).status;
  };
  CHECK(status("") == 400);
  CHECK(status(R"({"kind":"import","source":"cifar10"})") == 422);
  CHECK(status(R"({"kind":"retrain","epochs":0})") == 422);
  CHECK(status(R"({"kind":"retrain","mode":"frozen"})") == 422);
  const auto group = api.folder.path() / "cgroup";
  write_file_atomically(group / "memory.max", "268435456\n");
  write_file_atomically(group / "memory.current", "267386880\n");
  const Json plan = api.json("POST", "/api/v1/jobs/plan", R"({"kind":"retrain"})");
  CHECK(plan["memory_bytes"]["available"] == 1 << 20);
  const Reply rejected = api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})");
  CHECK(rejected.status == 507);
  CHECK(plan["lacking"] == Json::array({Json::parse(rejected.body)["error"]}));
}

TEST_CASE("a plan estimates the duration from the latest retraining of its mode", "[server][api]") {
  const std::string events =
      R"(echo '{"event":"start","mode":"full","epochs":2,"shown_images":100}'; )"
      R"(echo '{"event":"epoch","epoch":1,"seconds":300}'; )"
      R"(echo '{"event":"epoch","epoch":2,"seconds":500}'; )";
  Api api(events + result("reject"));
  const auto plan = [&](const std::string& options) {
    return api.json("POST", "/api/v1/jobs/plan", R"({"kind":"retrain")" + options + "}");
  };
  CHECK_FALSE(plan("").contains("estimate"));
  api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})");
  REQUIRE(api.wait(1)["state"] == "succeeded");
  // The job ended before its epochs could have, so the estimate scales the whole duration.
  const Json one = plan(R"(,"epochs":1)"), four = plan(R"(,"epochs":4)");
  const double shown = one["shown_images"];
  CHECK(one["estimate"]["job"] == 1);
  CHECK(one["estimate"]["seconds"].get<double>() == Approx(800 / 2.0 * shown / 100));
  CHECK(four["estimate"]["seconds"].get<double>() == Approx(4 * 800 / 2.0 * shown / 100));
}

TEST_CASE("a retraining in another mode gives no estimate", "[server][api]") {
  Api api(R"(echo '{"event":"start","mode":"frozen","epochs":1,"shown_images":1}'; )" +
          result("reject"));
  api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})");
  REQUIRE(api.wait(1)["state"] == "succeeded");
  CHECK_FALSE(api.json("POST", "/api/v1/jobs/plan", R"({"kind":"retrain"})").contains("estimate"));
}

TEST_CASE("a failed or resumed retraining gives no estimate", "[server][api]") {
  const std::string events =
      R"(echo '{"event":"start","mode":"full","epochs":1,"shown_images":1}'; )";
  Api api(events + "if ! [ -e $1/again ]; then touch $1/again; exit 3; fi; " + result("reject"));
  api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})");
  REQUIRE(api.wait(1)["state"] == "interrupted");
  const std::string body = R"({"kind":"retrain"})";
  CHECK_FALSE(api.json("POST", "/api/v1/jobs/plan", body).contains("estimate"));
  api.call("POST", "/api/v1/jobs/1/resume");
  REQUIRE(api.wait(1)["state"] == "succeeded");
  CHECK_FALSE(api.json("POST", "/api/v1/jobs/plan", body).contains("estimate"));
}

TEST_CASE("a version that is not promoted becomes the candidate with the reason", "[server][api]") {
  const auto [decision, options, reason] = GENERATE(table<std::string, std::string, std::string>(
      {{"reject", "", "rejected by the gate"},
       {"cannot_judge", "", "the gate could not decide"},
       {"promote", R"(,"promote":"never")",
        "accepted by the gate, but the job's option \"promote\" is \"never\""}}));
  Api api(result(decision));
  api.call("POST", "/api/v1/jobs", R"({"kind":"retrain")" + options + "}");
  const Json job = api.wait(1);
  INFO(job.dump());
  CHECK(job["result"]["promoted"] == false);
  CHECK(job["result"]["promotion"] == reason);
  CHECK(api.app.registry.aliases().at("champion") == 1);
  CHECK(api.app.registry.aliases().at("challenger") == 2);
}

TEST_CASE("a result is published once and compared with its parent version", "[server][api]") {
  Api api("if ! [ -e $1/again ]; then touch $1/again; exit 3; fi; " + result("promote"));
  api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})");
  CHECK(api.wait(1)["state"] == "interrupted");
  // Meanwhile another version was activated.
  const int other = api.app.registry.publish(small_model_file(7), {}, nullptr, "admin");
  api.app.registry.activate(other, "admin", "");
  CHECK(api.call("POST", "/api/v1/jobs/1/resume").status == 202);
  const Json job = api.wait(1);
  CHECK(job["state"] == "succeeded");
  CHECK(job["result"]["promoted"] == false);
  CHECK(job["result"]["promotion"] ==
        "it was compared with version 1, which is no longer the active version");
  CHECK(api.app.registry.aliases().at("champion") == other);
  // As after a crash between publication and end of the job: the second call finds the version.
  const int count = api.app.registry.count();
  const Job done = api.app.jobs().find(1);
  const auto folder = api.folder.path() / "jobs" / "1";
  write_file_atomically(folder / "model.safetensors", small_model_file(99));
  const auto work = model_job_handler(api.app.options, api.app.registry, *api.app.store);
  CHECK(work->finish(done, folder, read_result(folder))["version"] == job["result"]["version"]);
  CHECK(api.app.registry.count() == count);
}

TEST_CASE("invalid jobs are rejected with the reason", "[server][api]") {
  Api api("exit 0");
  const auto status = [&](const std::string& body) {
    return api.call("POST", "/api/v1/jobs", body).status;
  };
  CHECK(status("") == 400);
  CHECK(status("{") == 400);
  CHECK(status(std::string(1'000'000, '[')) == 400);
  CHECK(status(std::string(9'000'000, ' ') + "{}") == 413);
  std::string names =
      R"({"kind":"retrain")";  // a quadratic lookup of a million names would take hours
  for (int i = 0; i < 1'000; ++i) names += ",\"" + std::to_string(i) + "\":0";
  CHECK(status(names + "}") == 400);
  CHECK(status(R"({"kind":"dance"})") == 422);
  for (const char* bad : {R"("epochs":0)", R"("epochs":1.5)", R"("mode":"slow")", R"("gate":3)",
                          R"("gate":{"alpha":"x"})", R"("gate":{"alpha":2})",
                          R"("gate":{"strictness":1})", R"("lr":"high")", R"("sleep":1)"}) {
    INFO(bad);
    const Reply reply =
        api.call("POST", "/api/v1/jobs", R"({"kind":"retrain",)" + std::string(bad) + "}");
    CHECK(reply.status == 422);
    const std::string name = std::string(bad).substr(1, std::string(bad).find('"', 1) - 1);
    CHECK(Json::parse(reply.body)["detail"].get<std::string>().find(name) != std::string::npos);
  }
  CHECK(api.json("POST", "/api/v1/jobs", R"({"kind":"retrain","epochs":2000})")["detail"] ==
        "\"epochs\" cannot be 2000: expected a whole number from 1 to 1000");
  CHECK(status(R"({"kind":"import","source":"/etc"})") == 422);
  CHECK(status(R"({"kind":"evaluate"})") == 422);
  CHECK(api.call("POST", "/api/v1/models/9/evaluations").status == 404);
  CHECK(api.call("GET", "/api/v1/jobs/1").status == 404);
  CHECK(api.call("GET", "/api/v1/jobs/x").status == 400);
  CHECK(api.json("GET", "/api/v1/jobs")["jobs"].empty());
}

TEST_CASE("a whole number may be written with a fraction of zero", "[server][api]") {
  Api api("exit 0");
  const Json job =
      api.json("POST", "/api/v1/jobs", R"({"kind":"retrain","epochs":3.0,"lr":1.0,"seed":7e3})");
  CHECK(job["options"].dump() == R"({"epochs":3,"lr":1,"seed":7000})");
}

TEST_CASE("a second retraining is rejected and the response names the running job",
          "[server][api]") {
  Api api("trap 'exit 3' TERM; touch $1/here; while :; do sleep 0.02; done");
  const Fields key{{"Idempotency-Key", "one"}};
  CHECK(api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})", key).status == 202);
  const Reply again = api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})", key);
  CHECK(again.status == 202);
  CHECK(Json::parse(again.body)["id"] == 1);
  CHECK(api.call("POST", "/api/v1/jobs", R"({"kind":"retrain","epochs":3})", key).status == 422);
  const Reply second = api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})");
  CHECK(second.status == 409);
  CHECK(Json::parse(second.body)["job"] == 1);
  const Reply old = api.call("POST", "/api/retrain");
  CHECK(old.status == 400);
  CHECK(Json::parse(old.body)["error"].get<std::string>().find("job 1") != std::string::npos);
  Json status = api.json("GET", "/api/retrain/status");
  CHECK(status["is_retraining"] == true);
  CHECK(status["status"]["status"] == "in_progress");
  api.wait_until_running(1);
  CHECK(api.call("DELETE", "/api/v1/jobs/1").status == 202);
  CHECK(api.wait(1)["state"] == "canceled");
  status = api.json("GET", "/api/retrain/status");
  CHECK(status["is_retraining"] == false);
  CHECK(status["status"]["status"] == "failed");
  // All events were sent: 204 stops the reconnects of a browser.
  const Reply ended = api.call("GET", "/api/v1/jobs/1/events", "", {{"Last-Event-ID", "99"}});
  CHECK(ended.status == 204);
  Request both;
  both.path = "/api/v1/jobs/1/events";
  both.fields = {{"Last-Event-ID", "0"}};
  both.query = {{"after", "x"}};
  CHECK(ask(api.router, api.app, both).status == 400);
  const Reply events = api.call("GET", "/api/v1/jobs/1/events");
  REQUIRE(events.stream);
  CHECK(find_field(events.fields, "Content-Type") == "text/event-stream");
}

TEST_CASE("an evaluation is stored with its version", "[server][api]") {
  Api api(R"(echo '{"accuracy":0.75,"data":{"revision":"r1"}}' > $1/evaluation.json; )"
          R"(echo '{"event":"result","evaluation":"evaluation.json"}' > $1/result.json)");
  const Reply started = api.call("POST", "/api/v1/models/champion/evaluations");
  REQUIRE(started.status == 202);
  const Json job = api.wait(1);
  INFO(job.dump());
  CHECK(job["kind"] == "evaluate");
  CHECK(job["result"]["evaluation"] == 1);
  const Json list = api.json("GET", "/api/v1/models/1/evaluations")["evaluations"];
  REQUIRE(list.size() == 1);
  CHECK(list[0]["split"] == "test");
  CHECK(list[0]["data_revision"] == "r1");
  const Json whole = api.json("GET", list[0]["url"]);
  CHECK(whole["evaluation"]["accuracy"] == 0.75);
  CHECK(api.call("GET", "/api/v1/models/1/evaluations/2").status == 404);
  CHECK(api.call("GET", "/api/v1/models/1/evaluations/model").status == 404);
}

TEST_CASE("a result with an invalid path or model publishes nothing", "[server][api]") {
  const std::string script = GENERATE(
      std::string(R"(echo '{"event":"result","model":"../../new.safetensors"}' > $1/result.json)"),
      std::string(R"(echo junk > $1/m; echo '{"event":"result","model":"m"}' > $1/result.json)"));
  Api api(script);
  api.call("POST", "/api/v1/jobs", R"({"kind":"retrain"})");
  const Json job = api.wait(1);
  CHECK(job["state"] == "failed");
  CHECK_FALSE(job["reason"].get<std::string>().empty());
  CHECK(api.app.registry.count() == 1);
}

}  // namespace
}  // namespace fovea::tests
