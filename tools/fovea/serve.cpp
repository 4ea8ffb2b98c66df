#include "server/run.h"

#include <memory>

#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct Arguments {
  server::RunOptions run;
  std::string data_dir;
  int max_body_mb = 32;
  double drain_delay = 0;
  double drain_timeout = 30;
};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

void serve(Arguments& arguments) {
  server::RunOptions& run = arguments.run;
  if (run.model.empty()) run.model = server::find_default_model(arguments.data_dir);
  run.max_body = std::uint64_t(arguments.max_body_mb) << 20;
  run.drain_delay = milliseconds(arguments.drain_delay);
  run.drain_timeout = milliseconds(arguments.drain_timeout);
  server::run(run);
}

}  // namespace

void add_serve(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("serve", "Answer for pictures over HTTP, with a dashboard");
  server::RunOptions& run = arguments->run;
  verb->add_option("--model", run.model,
                   "Model file; default: models/cifar10-small.safetensors in the data directory, "
                   "here, beside the program or installed");
  verb->add_option("--host", run.host, "Address to listen on")->capture_default_str();
  verb->add_option("--port", run.port, "Port; 0 = any free one, printed")->capture_default_str();
  verb->add_option("--data-dir", arguments->data_dir, "Where datasets, runs and models are kept");
  verb->add_option("--threads", run.threads, "Inference threads; 0 = as many as may be used well")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_option("--max-body-mb", arguments->max_body_mb, "Largest request body, MiB")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  verb->add_option("--www", run.www, "Serve the page from this folder, not from the program")
      ->check(CLI::ExistingDirectory);
  verb->add_option("--drain-delay", arguments->drain_delay,
                   "Seconds to go on accepting after a stop signal, no longer ready")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  verb->add_option("--drain-timeout", arguments->drain_timeout,
                   "Seconds that requests in flight may take after a stop signal")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  verb->add_option("--log-level", run.log_level, "Least level logged")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  verb->add_option("--log-format", run.log_format, "Form of the log lines")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  verb->callback([arguments] { serve(*arguments); });
}

}  // namespace fovea::tools
