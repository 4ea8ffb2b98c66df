#include "server/run.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  server::RunOptions run;
  std::string data_dir;
  int max_body_mb = 32;
  int max_bodies_mb = 320;
  int images_mb = 512;
  double rollback_window = 300;
  double drain_delay = 0;
  double drain_timeout = 30;
};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// Bodies and images of some MiB come and go on every thread. By default glibc keeps up to eight
// arenas a core for that, and after the first large block is freed large ones too; with these two
// settings they go back at once. On two cores a request costs as much as before.
void give_memory_back() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, std::max(2, available_threads() / 4));
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

void serve(Arguments& arguments) {
  give_memory_back();
  server::RunOptions& run = arguments.run;
  run.data_dir = arguments.data_dir.empty() ? default_data_dir() : fs::path(arguments.data_dir);
  // Not an option: arguments can be seen by every user of the machine.
  if (const char* tokens = std::getenv("FOVEA_TOKENS")) run.guard.tokens = tokens;
  run.max_body = std::uint64_t(arguments.max_body_mb) << 20;
  run.max_bodies = std::uint64_t(arguments.max_bodies_mb) << 20;
  run.history.max_image_bytes = std::int64_t{arguments.images_mb} << 20;
  run.rollback_window = milliseconds(arguments.rollback_window);
  run.drain_delay = milliseconds(arguments.drain_delay);
  run.drain_timeout = milliseconds(arguments.drain_timeout);
  server::run(run);
}

void add_safety(Verb& verb, server::RunOptions& run) {
  server::GuardOptions& guard = run.guard;
  verb.option("--token-file", guard.token_file,
              "File of tokens, one predict:TOKEN or admin:TOKEN a line; read again when it "
              "changes. FOVEA_TOKENS may hold the same text")
      .environment("FOVEA_TOKENS_FILE")
      .existing_file();
  Option certificate =
      verb.option("--tls-cert", run.tls_certificate,
                  "Answer by HTTPS with this certificate (PEM, its chain behind it); read again "
                  "when it changes");
  Option key =
      verb.option("--tls-key", run.tls_key, "The certificate's key (PEM, without a passphrase)");
  certificate.needs(key);
  key.needs(certificate);
  verb.flag("--public-predict", guard.public_predict,
            "Classify for everybody although there are tokens");
  verb.option("--host-name", guard.host_names,
              "Name this server may be called by besides localhost; may come again");
  verb.option("--trusted-proxy", guard.trusted_proxies,
              "Network whose X-Forwarded-For is believed, such as 10.0.0.0/8; may come again");
  verb.option("--cors-origin", guard.cors_origins,
              "Origin whose pages may use this server, such as https://a.example; may come again");
  verb.option("--rate-limit", guard.rate_limit,
              "Requests a second for each client not on this machine; 0 = no limit")
      .range(0.0, 1e6)
      .show_default();
}

void add_rollback_options(Verb& verb, Arguments& arguments) {
  server::RunOptions& run = arguments.run;
  verb.option("--rollback-window", arguments.rollback_window,
              "Seconds that a newly activated version is watched; 0 = no automatic rollback")
      .range(0.0, 86400.0)
      .show_default();
  verb.option("--rollback-min-answers", run.rollback_min_answers,
              "Images that it must have answered before it is judged")
      .range(1, 1'000'000'000)
      .show_default();
  verb.option("--rollback-error-factor", run.rollback_error_factor,
              "Roll back when its share of failures is above this many times the last one's")
      .range(1.0, 1e6)
      .show_default();
  verb.option("--rollback-p99-factor", run.rollback_p99_factor,
              "Roll back when its p99 time of an image is above this many times the last one's")
      .range(1.0, 1e6)
      .show_default();
}

void add_limits(Verb& verb, Arguments& arguments) {
  server::RunOptions& run = arguments.run;
  verb.option("--history-rows", run.history.max_rows, "Predictions kept; the oldest go first")
      .range(std::int64_t{1}, std::int64_t{1'000'000'000})
      .show_default();
  verb.option("--history-images-mb,--history-pictures-mb", arguments.images_mb,
              "Room for the images of the history, MiB; 0 = keep none")
      .range(0, 1 << 20)
      .show_default();
  verb.option("--train-threads", run.train_threads,
              "Threads of a training job; 0 = half of what may be used, at least 1")
      .range(0, 1024)
      .show_default();
  verb.option("--train-idle", run.idle_training,
              "Train only in processor time that nothing else wants; false: at low priority")
      .show_default();
  verb.option("--max-body-mb", arguments.max_body_mb, "Largest request body, MiB")
      .range(1, 4096)
      .show_default();
  verb.option("--max-bodies-mb", arguments.max_bodies_mb,
              "Memory for the bodies of all requests at one time, MiB; no body may be larger")
      .range(1, 65536)
      .show_default();
}

void add_operation(Verb& verb, Arguments& arguments) {
  server::RunOptions& run = arguments.run;
  verb.option("--drain-delay", arguments.drain_delay,
              "Seconds to go on accepting after a stop signal, no longer ready")
      .range(0.0, 3600.0)
      .show_default();
  verb.option("--drain-timeout", arguments.drain_timeout,
              "Seconds that requests in flight may take after a stop signal")
      .range(0.0, 3600.0)
      .show_default();
  verb.option("--log-level", run.log_level, "Least level logged")
      .one_of({"trace", "debug", "info", "warn", "error", "off"})
      .show_default();
  verb.option("--log-format", run.log_format, "Form of the log lines")
      .one_of({"text", "json"})
      .show_default();
}

}  // namespace

void add_serve(Verb& program) {
  auto arguments = std::make_shared<Arguments>();
  Verb verb = program.verb("serve", "Answer for images over HTTP, with a dashboard");
  server::RunOptions& run = arguments->run;
  verb.option("--model", run.model,
              "Serve this model file, as a new version unless it is one already. Default: the "
              "version in service when the server last ran; at the first start "
              "models/cifar10-small.safetensors in the data directory, here, beside the "
              "program or installed");
  verb.option("--host", run.host, "Address to listen on").show_default();
  verb.option("--port", run.port, "Port; 0 = any free one, printed").show_default();
  verb.option("--data-dir", arguments->data_dir, "Where datasets, runs and models are kept");
  verb.option("--keep-versions", run.keep_versions,
              "Newest versions of the model whose files are kept, besides those in use")
      .range(1, 1'000'000)
      .show_default();
  verb.option("--threads", run.threads, "Inference threads; 0 = as many as may be used well")
      .range(0, 1024)
      .show_default();
  verb.option("--threshold", run.threshold,
              "Answers with a probability below this are called uncertain")
      .range(0.0, 1.0)
      .show_default();
  verb.option("--www", run.www, "Serve the page from this folder, not from the program")
      .existing_directory();
  add_limits(verb, *arguments);
  add_operation(verb, *arguments);
  add_safety(verb, run);
  add_rollback_options(verb, *arguments);
  verb.action([arguments] { serve(*arguments); });
}

}  // namespace fovea::tools
