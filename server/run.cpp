#include "server/run.h"

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "server/api/problem_of.h"
#include "server/api/routes.h"
#include "server/app/app.h"
#include "server/http/server.h"
#include "server/http/static_files.h"
#include "server/log.h"
#include "server/registry/initial_version.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

ServerOptions server_options(const RunOptions& options) {
  ServerOptions result;
  result.host = options.host;
  result.port = options.port;
  result.max_body = options.max_body;
  result.max_bodies = options.max_bodies;
  result.drain_delay = options.drain_delay;
  result.drain_timeout = options.drain_timeout;
  result.handle_signals = true;
  // One carries far more requests than four cores classify, and a second one would mostly wake up.
  result.io_threads = std::max(1, available_threads() / 4);
  GuardOptions guard = options.guard;
  guard.on_problem = log_error;
  guard.loopback = is_loopback(options.host);
  result.guard = std::make_shared<Guard>(guard);
  if (!options.tls_certificate.empty()) {
    result.certificate = std::make_shared<Certificate>(
        CertificateOptions{options.tls_certificate, options.tls_key, log_info, log_error});
    log_info("HTTPS with a certificate that is valid until " + result.certificate->valid_until());
  }
  result.on_error = log_error;
  result.problem_of = problem_of;
  return result;
}

std::string url(const std::string& scheme, const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port) + "/";
}

void count_in_flight(App& app, const Server& server) {
  app.metrics.add_source([&server](std::vector<MetricSample>& samples) {
    samples.push_back({"fovea_http_in_flight_requests",
                       "Requests that are not answered to the end.",
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
  std::string tried;
  for (const fs::path& place : places) {
    fs::path model = (place / "models/cifar10-small.safetensors").lexically_normal();
    if (fs::exists(model, error)) return model;
    tried += "\n  " + model.string();
  }
  throw IoError("there is no model to serve; name one with --model, or train one. Looked for:" +
                tried);
}

void run(const RunOptions& options) {
  start_log(options.log_level, options.log_format);
  // Assigned below, when the App exists; the Server calls it only while it runs.
  App* draining_app = nullptr;
  ServerOptions net = server_options(options);
  net.on_drain = [&draining_app] {
    draining_app->draining = true;
    draining_app->jobs.drain();
    draining_app->hub.close();
    log_info("draining: no new connections, requests in flight are finished");
  };
  if (!is_loopback(options.host) && !net.guard->has_tokens()) {
    log_info(
        "other machines can reach this server and it has no tokens: they may ask and read, "
        "but change nothing; see --token-file");
  }
  net.on_access = [&draining_app](const Access& access) {
    log_access(access);
    draining_app->metrics.request_finished(access.verb, access.route, access.status,
                                           access.ms / 1000);
  };
  Server server(std::move(net));
  const int threads = options.threads > 0 ? options.threads : available_threads();
  AppOptions app_options;
  app_options.inference_threads = threads;
  app_options.data_dir = options.data_dir;
  app_options.on_error = log_error;
  app_options.threshold = options.threshold;
  app_options.history = options.history;
  app_options.registry.keep = options.keep_versions;
  app_options.registry.on_event = log_info;
  app_options.watchdog.window = options.rollback_window;
  app_options.watchdog.min_images = options.rollback_min_answers;
  app_options.watchdog.error_factor = options.rollback_error_factor;
  app_options.watchdog.p99_factor = options.rollback_p99_factor;
  app_options.watchdog.on_event = log_error;
  app_options.on_event = log_info;
  app_options.train_threads = options.train_threads;
  app_options.idle_training = options.idle_training;
  app_options.max_body = options.max_body;
  app_options.rate_limit = options.guard.rate_limit;
  const auto start = [&options](Registry& registry) {
    activate_initial_version(registry, options.model,
                             [&] { return find_default_model(options.data_dir); });
  };
  rename_legacy_dataset(options.data_dir);
  App app(std::move(app_options), start,
          options.www.empty() ? StaticFiles(embedded_page()) : StaticFiles(options.www));
  draining_app = &app;
  count_in_flight(app, server);

  const auto model = app.model();
  log_info("serving version " + model->version + " (" + model->name + ") of " +
           options.data_dir.string() + " with " + std::to_string(threads) + " inference threads");
  const char* scheme = options.tls_certificate.empty() ? "http" : "https";
  std::printf("Fovea answers at %s\n", url(scheme, options.host, server.port()).c_str());
  std::fflush(stdout);
  const int cut = server.run(make_router(), app);
  if (cut > 0) log_error(std::to_string(cut) + " connections were cut off by the drain timeout");
  log_info("stopped");
}

}  // namespace fovea::server
