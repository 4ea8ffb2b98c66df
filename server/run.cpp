#include "server/run.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <system_error>
#include <vector>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "server/api/problem_of.h"
#include "server/api/routes.h"
#include "server/app/app.h"
#include "server/app/projects.h"
#include "server/http/server.h"
#include "server/http/stop_signal.h"
#include "server/log.h"
#include "server/registry/initial_version.h"
#include "server/store/private_folder.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<Guard> make_guard(const RunOptions& options) {
  GuardOptions guard_options = options.guard;
  guard_options.on_problem = log_error;
  guard_options.loopback = is_loopback(options.host);
  auto guard = std::make_shared<Guard>(guard_options);
  if (!guard_options.loopback && !guard->has_tokens()) {
    log_info(
        "other machines can reach this server and it has no tokens: they can only classify; see "
        "--token-file");
  }
  return guard;
}

std::shared_ptr<Certificate> load_certificate(const RunOptions& options) {
  if (options.tls_certificate.empty()) return nullptr;
  auto certificate = std::make_shared<Certificate>(
      CertificateOptions{options.tls_certificate, options.tls_key, log_info, log_error});
  log_info("HTTPS certificate valid until " + certificate->valid_until());
  return certificate;
}

// `app` and `projects` are set when they exist; the Server uses them only while it runs.
ServerOptions server_options(const RunOptions& options, App* const& app,
                             Projects* const& projects) {
  ServerOptions result;
  result.host = options.host;
  result.port = options.port;
  result.max_body = options.max_body;
  result.max_bodies = options.max_bodies;
  result.drain_delay = options.drain_delay;
  result.drain_timeout = options.drain_timeout;
  result.handle_signals = true;
  // One io thread serves many more requests than four processors classify; more would mostly add
  // wake-ups.
  result.io_threads = std::max(1, available_threads() / 4);
  result.guard = make_guard(options);
  result.certificate = load_certificate(options);
  result.problem_of = problem_of;
  result.on_error = log_error;
  result.on_access = [&app](const Access& access) {
    log_access(access);
    app->metrics.request_finished(access.verb, access.route, access.status, access.ms / 1000);
  };
  result.find_project = [&projects](const std::string& name) { return projects->find(name); };
  result.on_drain = [&app, &projects] {
    app->runtime->draining = true;
    app->jobs().drain();
    app->hub.close();
    projects->drain();
    log_info("draining: no new connections, requests in flight are finished");
  };
  return result;
}

// Unique among the processes of all hosts, also after a restart of a container, where host and
// process id are the same as before.
std::string instance_name() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}:{}:{:x}", host.data(), ::getpid(),
                     std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

AppOptions app_options(const RunOptions& options) {
  AppOptions result;
  result.database_url = options.database_url;
  result.instance = instance_name();
  result.run_jobs = options.run_jobs;
  result.job_timeout = options.job_timeout;
  result.inference_threads = options.threads > 0 ? options.threads : available_threads();
  result.data_dir = options.data_dir;
  result.on_error = log_error;
  result.on_event = log_info;
  result.threshold = options.threshold;
  result.history = options.history;
  result.history.on_damaged = log_error;
  result.registry.keep = options.keep_versions;
  result.registry.on_event = log_info;
  result.watchdog.window = options.rollback_window;
  result.watchdog.min_images = options.rollback_min_answers;
  result.watchdog.error_factor = options.rollback_error_factor;
  result.watchdog.p99_factor = options.rollback_p99_factor;
  result.watchdog.on_event = log_error;
  result.train_threads = options.train_threads;
  result.idle_training = options.idle_training;
  result.max_body = options.max_body;
  result.rate_limit = options.guard.rate_limit;
  return result;
}

std::string url(const std::string& scheme, const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}/", scheme, v6 ? "[" + host + "]" : host, port);
}

void count_in_flight(App& app, const Server& server) {
  app.metrics.add_source([&server](std::vector<MetricSample>& samples) {
    samples.push_back({"fovea_http_in_flight_requests",
                       "Requests whose response is not completely sent.",
                       MetricSample::Kind::gauge,
                       {},
                       static_cast<double>(server.in_flight())});
  });
}

void prepare_data_dir(const RunOptions& options) {
  if (::geteuid() == 0) {
    log_info("running as root; use a user without other rights, as deploy/systemd does");
  }
  make_private(options.data_dir, log_info);
  if (!options.guard.token_file.empty()) require_private_file(options.guard.token_file);
}

std::function<void(Registry&)> initial_version(const RunOptions& options) {
  return [&options](Registry& registry) {
    activate_initial_version(registry, options.model,
                             [&] { return find_default_model(options.data_dir); });
  };
}

}  // namespace

fs::path find_default_model(const fs::path& data_dir) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> places{fs::current_path(error), program / "../..",
                               program / "../share/fovea"};
  if (!data_dir.empty()) places.insert(places.begin(), data_dir);
  std::string searched;
  for (const fs::path& place : places) {
    fs::path model = (place / "models/cifar10-small.safetensors").lexically_normal();
    if (fs::exists(model, error)) return model;
    searched += "\n  " + model.string();
  }
  throw IoError("no model found; give one with --model, or train one. Searched:" + searched);
}

void run(const RunOptions& options) {
  start_log(options.log_level, options.log_format);
  if (!options.run_jobs && options.database_url.empty()) {
    throw ConfigError(
        "without a shared database (--database) this server must run the jobs itself");
  }
  prepare_data_dir(options);
  App* running_app = nullptr;
  Projects* running_projects = nullptr;
  Server server(server_options(options, running_app, running_projects));
  rename_legacy_dataset(options.data_dir);
  const AppOptions settings = app_options(options);
  StaticFiles page = options.www.empty() ? StaticFiles(options.page) : StaticFiles(options.www);
  App app(settings, initial_version(options), make_runtime(settings, std::move(page)));
  running_app = &app;
  Projects projects(app, options.max_projects);
  running_projects = &projects;
  count_in_flight(app, server);

  const auto model = app.model();
  log_info(fmt::format("serving version {} ({}) from {} with {} inference threads", model->version,
                       model->name, options.data_dir.string(), app.options.inference_threads));
  const char* scheme = options.tls_certificate.empty() ? "http" : "https";
  fmt::print("Fovea is running at {}\n", url(scheme, options.host, server.port()));
  std::fflush(stdout);
  const int cut_off = server.run(make_router(), app);
  if (cut_off > 0) log_error(fmt::format("the drain timeout closed {} connections", cut_off));
  log_info("stopped");
}

void run_jobs(const RunOptions& options) {
  start_log(options.log_level, options.log_format);
  if (options.database_url.empty()) {
    throw ConfigError(
        "a worker needs the database that it shares with the servers (--database); without one the "
        "server runs the jobs itself");
  }
  prepare_data_dir(options);
  AppOptions app_settings = app_options(options);
  app_settings.inference_threads = 1;  // it classifies only the image of the self-test
  App app(app_settings, initial_version(options),
          make_runtime(app_settings, StaticFiles(std::span<const EmbeddedFile>())));
  const Projects projects(app, options.max_projects);
  fmt::print("Fovea runs jobs as {}\n", app.options.instance);
  std::fflush(stdout);
  wait_for_stop_signal();
  log_info("stopping: the running job is given to another process");
}

}  // namespace fovea::server
