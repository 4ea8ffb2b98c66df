#include "server/run.h"

#include <fmt/core.h>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "tools/fovea/common_options.h"
#include "tools/fovea/heap.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

struct ServeArguments {
  server::RunOptions run;
  std::string data_dir;
  int max_body_mb = 32;
  int max_bodies_mb = 320;
  int images_mb = 512;
  int max_megapixels = kDefaultMegapixels;
  double rollback_window = 300;
  double drain_delay = 0;
  double drain_timeout = 30;
  int job_timeout = 30;
  bool print_config = false;
};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// One "name = value" per line, in the order of the help.
void print_config(const Verb& verb) {
  for (const Option& option : verb.options()) {
    const std::string name = option.name();
    if (name == "--help" || name == "--print-config") continue;
    const std::string value =
        name == "--database" ? without_password(option.value()) : option.value();
    fmt::print("{} = {}{}\n", name.substr(2), value, option.given() ? "" : "  # default");
  }
}

void serve(ServeArguments& arguments) {
  limit_heap_growth(HeapUse::serving);
  use_max_megapixels(arguments.max_megapixels);
  // Inherited by the processes of jobs.
  ::setenv(kMaxMegapixelsVariable, std::to_string(arguments.max_megapixels).c_str(), 1);
  server::RunOptions& run = arguments.run;
  run.data_dir = data_dir_or_default(arguments.data_dir);
  run.page = server::embedded_page();
  // Not an option, because every user of the machine can see the arguments of a process.
  if (const char* tokens = std::getenv("FOVEA_TOKENS")) run.guard.tokens = tokens;
  run.max_body = std::uint64_t(arguments.max_body_mb) << 20;
  run.max_bodies = std::uint64_t(arguments.max_bodies_mb) << 20;
  run.history.max_image_bytes = std::int64_t{arguments.images_mb} << 20;
  run.rollback_window = milliseconds(arguments.rollback_window);
  run.drain_delay = milliseconds(arguments.drain_delay);
  run.drain_timeout = milliseconds(arguments.drain_timeout);
  run.job_timeout = std::chrono::seconds(arguments.job_timeout);
  server::run(run);
}

constexpr const char* kSecurity = "Security";
constexpr const char* kLimits = "Limits";
constexpr const char* kTraining = "Training jobs";
constexpr const char* kRollback = "Automatic rollback";
constexpr const char* kOperation = "Operation";

void add_security(Verb& verb, server::RunOptions& run) {
  server::GuardOptions& guard = run.guard;
  verb.option("--token-file", guard.token_file,
              "File with one predict:TOKEN or admin:TOKEN per line (predict@PROJECT:TOKEN: for one "
              "project), reloaded when it changes; $FOVEA_TOKENS may contain the same text")
      .value_name("FILE")
      .environment("FOVEA_TOKENS_FILE")
      .existing_file()
      .group(kSecurity);
  Option certificate =
      verb.option("--tls-cert", run.tls_certificate,
                  "Serve HTTPS with this certificate (PEM, followed by its chain), reloaded when "
                  "it changes")
          .value_name("FILE")
          .group(kSecurity);
  Option key = verb.option("--tls-key", run.tls_key,
                           "Private key of the certificate (PEM, without a passphrase)")
                   .value_name("FILE")
                   .group(kSecurity);
  certificate.needs(key);
  key.needs(certificate);
  verb.flag("--public-predict", guard.public_predict,
            "Accept classification requests without a token")
      .group(kSecurity);
  verb.option("--host-name", guard.host_names,
              "Host name that requests may use besides localhost; can be repeated")
      .value_name("NAME")
      .group(kSecurity);
  verb.option("--trusted-proxy", guard.trusted_proxies,
              "Network whose X-Forwarded-For headers are trusted, such as 10.0.0.0/8; can be "
              "repeated")
      .value_name("NETWORK")
      .group(kSecurity);
  verb.option("--cors-origin", guard.cors_origins,
              "Origin whose pages may use this server, such as https://a.example; can be repeated")
      .value_name("ORIGIN")
      .group(kSecurity);
  verb.option("--rate-limit", guard.rate_limit,
              "Requests per second and client, except clients on this machine; 0: no limit")
      .value_name("N")
      .range(0.0, 1e6)
      .show_default()
      .group(kSecurity);
}

void add_rollback_options(Verb& verb, ServeArguments& arguments) {
  server::RunOptions& run = arguments.run;
  verb.option("--rollback-window", arguments.rollback_window,
              "Time for which a newly activated version is watched; 0: no automatic rollback")
      .value_name("SECONDS")
      .range(0.0, 86400.0)
      .show_default()
      .group(kRollback);
  verb.option("--rollback-min-answers", run.rollback_min_answers,
              "Number of images it must have classified before it is compared with the previous "
              "version")
      .value_name("N")
      .range(1, 1'000'000'000)
      .show_default()
      .group(kRollback);
  verb.option("--rollback-error-factor", run.rollback_error_factor,
              "Roll back if its error rate exceeds this multiple of that of the previous version")
      .value_name("FACTOR")
      .range(1.0, 1e6)
      .show_default()
      .group(kRollback);
  verb.option(
          "--rollback-p99-factor", run.rollback_p99_factor,
          "Roll back if its p99 CPU time per image exceeds this multiple of that of the previous "
          "version")
      .value_name("FACTOR")
      .range(1.0, 1e6)
      .show_default()
      .group(kRollback);
}

void add_limits(Verb& verb, ServeArguments& arguments) {
  server::RunOptions& run = arguments.run;
  verb.option("--history-rows", run.history.max_rows,
              "Maximum number of predictions in the history; the oldest are removed first")
      .value_name("N")
      .range(std::int64_t{1}, std::int64_t{1'000'000'000})
      .show_default()
      .group(kLimits);
  // The second name is that of earlier versions.
  verb.option("--history-images-mb,--history-pictures-mb", arguments.images_mb,
              "Maximum size of the images in the history; 0: store no images")
      .value_name("MIB")
      .range(0, 1 << 20)
      .show_default()
      .group(kLimits);
  verb.option("--max-projects", run.max_projects,
              "Maximum number of projects besides the default one; each keeps its model in memory")
      .value_name("N")
      .range(0, 10'000)
      .show_default()
      .group(kLimits);
  verb.option("--train-threads", run.train_threads,
              "Threads of a training job; 0: half of the available ones, at least 1")
      .value_name("N")
      .range(0, 1024)
      .show_default()
      .group(kTraining);
  verb.option("--train-idle", run.idle_training,
              "Run training jobs only when the processor is otherwise idle; false: at low priority")
      .value_name("BOOL")
      .show_default("true")
      .environment("FOVEA_TRAIN_IDLE")
      .group(kTraining);
  add_max_megapixels(verb, arguments.max_megapixels).group(kLimits);
  verb.option("--max-body-mb", arguments.max_body_mb, "Maximum size of a request body")
      .value_name("MIB")
      .range(1, 4096)
      .show_default()
      .group(kLimits);
  verb.option("--max-bodies-mb", arguments.max_bodies_mb,
              "Maximum total size of the request bodies in memory; also limits a single body")
      .value_name("MIB")
      .range(1, 65536)
      .show_default()
      .group(kLimits);
}

void add_operation(Verb& verb, ServeArguments& arguments) {
  server::RunOptions& run = arguments.run;
  verb.option("--drain-delay", arguments.drain_delay,
              "Time to keep accepting requests after a stop signal, while reporting not ready")
      .value_name("SECONDS")
      .range(0.0, 3600.0)
      .show_default()
      .group(kOperation);
  verb.option("--drain-timeout", arguments.drain_timeout,
              "Time that running requests have to finish after a stop signal")
      .value_name("SECONDS")
      .range(0.0, 3600.0)
      .show_default()
      .group(kOperation);
  verb.option("--log-level", run.log_level, "Minimum level of log messages")
      .value_name("LEVEL")
      .one_of({"trace", "debug", "info", "warn", "error", "off"})
      .show_default()
      .group(kOperation);
  verb.option("--log-format", run.log_format, "Format of log messages")
      .value_name("FORMAT")
      .one_of({"text", "json"})
      .show_default()
      .group(kOperation);
}

}  // namespace

void add_serve(Verb& program) {
  auto arguments = std::make_shared<ServeArguments>();
  Verb verb = program.verb("serve", "Serve predictions and a dashboard over HTTP");
  server::RunOptions& run = arguments->run;
  verb.option("--model", run.model,
              "Model file to serve, which becomes a new version unless a version has the same file "
              "(default: the version that was active when the server last ran; on the first start "
              "models/cifar10-small.safetensors in the data directory, the working directory, "
              "beside the program or where it was installed)")
      .value_name("FILE");
  verb.option("--host", run.host, "Address to listen on").value_name("ADDRESS").show_default();
  verb.option("--port", run.port, "Port to listen on; 0: any free port, which is printed")
      .value_name("N")
      .show_default();
  add_data_dir(verb, arguments->data_dir);
  add_database(
      verb, run.database_url,
      "PostgreSQL database that several servers share, as postgres://USER:PASSWORD@HOST/NAME; "
      "the data directory must then be shared, too (default: an SQLite file in the data "
      "directory)");
  verb.option("--jobs", run.run_jobs,
              "Run training jobs on this server; false: other servers or `fovea worker` run them, "
              "which needs --database")
      .value_name("BOOL")
      .show_default("true")
      .group(kTraining);
  add_job_timeout(verb, arguments->job_timeout).group(kTraining);
  verb.option("--keep-versions", run.keep_versions,
              "Number of newest model versions whose files are kept, besides those in use")
      .value_name("N")
      .range(1, 1'000'000)
      .show_default();
  verb.option("--threads", run.threads, "Inference threads; 0: as many as are useful here")
      .value_name("N")
      .range(0, 1024)
      .show_default();
  verb.option("--threshold", run.threshold,
              "Predictions with a probability below this are marked as uncertain")
      .value_name("P")
      .range(0.0, 1.0)
      .show_default();
  verb.option("--www", run.www, "Serve the dashboard from this folder instead of the built-in one")
      .value_name("DIR")
      .existing_directory();
  add_limits(verb, *arguments);
  add_operation(verb, *arguments);
  add_security(verb, run);
  add_rollback_options(verb, *arguments);
  verb.flag("--print-config", arguments->print_config, "Print the value of every option and exit");
  verb.action(
      [arguments, verb] { arguments->print_config ? print_config(verb) : serve(*arguments); });
}

}  // namespace fovea::tools
