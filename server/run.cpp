#include "server/run.h"

#include <cstdio>
#include <system_error>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "server/api/routes.h"
#include "server/app.h"
#include "server/http/embedded_page.h"
#include "server/http/server.h"
#include "server/log.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

ServerOptions server_options(const RunOptions& options) {
  ServerOptions result;
  result.host = options.host;
  result.port = options.port;
  result.max_body = options.max_body;
  result.drain_delay = options.drain_delay;
  result.drain_timeout = options.drain_timeout;
  result.handle_signals = true;
  result.on_access = log_access;
  result.on_fault = log_error;
  return result;
}

std::string url(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port) + "/";
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
  const auto model = load_served_model(options.model);
  // Assigned below, when the App exists; the Server calls it only while it runs.
  App* draining_app = nullptr;
  ServerOptions net = server_options(options);
  net.on_drain = [&draining_app] {
    draining_app->draining = true;
    log_info("draining: no new connections, requests in flight are finished");
  };
  Server server(std::move(net));
  const int threads = options.threads > 0 ? options.threads : available_threads();
  AppOptions app_options;
  app_options.inference_threads = threads;
  app_options.on_fault = log_error;
  App app(std::move(app_options), model,
          options.www.empty() ? StaticFiles(embedded_page()) : StaticFiles(options.www));
  draining_app = &app;

  log_info("serving " + model->name + " " + model->version + " from " + options.model.string() +
           " with " + std::to_string(threads) + " inference threads");
  std::printf("Fovea answers at %s\n", url(options.host, server.port()).c_str());
  std::fflush(stdout);
  const int cut = server.run(make_router(), app);
  if (cut > 0) log_error(std::to_string(cut) + " connections were cut off by the drain timeout");
  log_info("stopped");
}

}  // namespace fovea::server
