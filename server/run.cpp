#include "server/run.h"

#include <algorithm>
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
#include "server/http/server.h"
#include "server/log.h"
#include "server/registry/initial_version.h"

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
        "other machines can reach this server and it has no tokens: they can predict and read, but "
        "not change anything; see --token-file");
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

// `app` is set when the App exists; the Server uses it only while it runs.
ServerOptions server_options(const RunOptions& options, App* const& app) {
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
  result.on_drain = [&app] {
    app->draining = true;
    app->jobs().drain();
    app->hub.close();
    log_info("draining: no new connections, requests in flight are finished");
  };
  return result;
}

AppOptions app_options(const RunOptions& options) {
  AppOptions result;
  result.inference_threads = options.threads > 0 ? options.threads : available_threads();
  result.data_dir = options.data_dir;
  result.on_error = log_error;
  result.on_event = log_info;
  result.threshold = options.threshold;
  result.history = options.history;
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
  App* running_app = nullptr;
  Server server(server_options(options, running_app));
  rename_legacy_dataset(options.data_dir);
  const auto activate = [&options](Registry& registry) {
    activate_initial_version(registry, options.model,
                             [&] { return find_default_model(options.data_dir); });
  };
  App app(app_options(options), activate,
          options.www.empty() ? StaticFiles(options.page) : StaticFiles(options.www));
  running_app = &app;
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

}  // namespace fovea::server
