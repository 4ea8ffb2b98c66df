#include "server/app/projects.h"

#include <thread>

#include "engine/core/file.h"
#include "server/api/routes.h"
#include "server/http/problem.h"
#include "tests/support/catch.h"
#include "tests/support/small_app.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

struct Service {
  explicit Service(int max_projects = 4) : app(make_app(options())), projects(app, max_projects) {}
  AppOptions options() {
    AppOptions result;
    result.data_dir = folder.path();
    result.on_error = [this](const std::string& line) { log += line + "\n"; };
    return result;
  }
  // Calls the handler of a path of any project, as the session does.
  Reply call(const std::string& verb, const std::string& path, const std::string& body = "") {
    Request request;
    request.verb = verb;
    request.path = request.target = path;
    request.body = body;
    const std::string project = router.match(verb, path).project;
    try {
      const Projects::Lease lease = projects.find(project.empty() ? "default" : project);
      return ask(router, *lease, request);
    } catch (...) {
      return problem_of(request, std::current_exception(), nullptr);
    }
  }

  TemporaryFolder folder;
  std::string log;
  App app;
  Projects projects;
  Router router = make_router();
};

void publish(App& app) {
  app.registry.activate(app.registry.publish(small_model_file(), {}, nullptr, "test"), "test", "");
}

TEST_CASE("a project without a version says so", "[server][projects]") {
  Service service;
  service.projects.create("hands", {});
  const Reply model = service.call("GET", "/api/v1/projects/hands/model");
  CHECK(model.status == 409);
  CHECK_THAT(model.body, ContainsSubstring("project \\\"hands\\\" has no model yet"));
  CHECK(service.call("GET", "/api/v1/projects/hands/status").status == 200);
  CHECK(service.call("GET", "/api/v1/projects/hands/insights").status == 200);
  CHECK(service.call("GET", "/api/v1/projects/hands/insights/training_curves").status == 200);
  CHECK(service.call("GET", "/metrics").status == 200);
  publish(*service.projects.find("hands"));
  CHECK(service.call("GET", "/api/v1/projects/hands/model").status == 200);
  CHECK(service.call("GET", "/v2/models/hands").status == 200);
  const Json shown = Json::parse(service.call("GET", "/api/v1/projects/hands").body);
  CHECK(shown["model"]["accuracy"] == 0.5);
  CHECK(service.call("GET", "/api/v1/projects/default/model").status == 200);
}

TEST_CASE("a project is closed when its last use ends", "[server][projects]") {
  Service service;
  service.projects.create("hands", {});
  Projects::Lease lease = service.projects.find("hands");
  std::atomic<bool> removed{false};
  std::jthread thread([&] {
    service.projects.remove("hands");
    removed = true;
  });
  while (true) {
    try {
      service.projects.find("hands");
      std::this_thread::sleep_for(1ms);
    } catch (const HttpError& error) {
      CHECK(error.status == 503);
      break;
    }
  }
  CHECK_FALSE(removed);
  publish(*lease);  // still usable
  lease.reset();
  thread.join();
  CHECK(removed);
  CHECK_THROWS_AS(service.projects.find("hands"), HttpError);
  service.projects.restore("hands");
  CHECK(service.projects.find("hands")->model()->number == 1);
}

TEST_CASE("changes of projects are refused with a reason", "[server][projects]") {
  Service service(1);
  const auto status = [](auto&& change) {
    try {
      change();
    } catch (const ProjectRefusal& refusal) {
      return refusal.status;
    }
    return 0;
  };
  Projects& projects = service.projects;
  CHECK(status([&] { projects.create("../x", {}); }) == 422);
  CHECK(status([&] { projects.create("default", {}); }) == 422);
  CHECK(status([&] { projects.create("a", {}); }) == 0);
  CHECK(status([&] { projects.create("b", {}); }) == 409);  // the limit
  CHECK(status([&] { projects.remove("b"); }) == 404);
  CHECK(status([&] { projects.remove("default"); }) == 409);
  CHECK(status([&] { projects.rename("a", "default"); }) == 409);
  CHECK(status([&] { projects.rename("default", "b"); }) == 409);
  CHECK(status([&] { projects.rename("a", "B"); }) == 422);
  CHECK(status([&] { projects.restore("a"); }) == 409);  // the limit
  CHECK(status([&] { projects.purge("a"); }) == 404);
  CHECK(status([&] { projects.rename("a", "c"); }) == 0);
  CHECK(projects.find("c")->options.data_dir == service.folder.path() / "projects" / "c");
}

TEST_CASE("a project that cannot be opened does not affect the others", "[server][projects]") {
  TemporaryFolder folder;
  write_file_atomically(folder.path() / "projects/bad/project.json", "[]");
  create_project_folder(folder.path(), "good", {});
  AppOptions options;
  options.data_dir = folder.path();
  App app = make_app(options);
  Projects projects(app, 4);
  CHECK(projects.all().size() == 2);
  CHECK(projects.broken().contains("bad"));
  CHECK_THROWS_AS(projects.find("bad"), HttpError);
  projects.remove("bad");
  CHECK(projects.broken().empty());
}

}  // namespace
}  // namespace fovea::tests
