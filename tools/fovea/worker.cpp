#include "server/run.h"

#include <memory>

#include "tools/fovea/common_options.h"
#include "tools/fovea/heap.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct WorkerArguments {
  server::RunOptions run;
  std::string data_dir;
  int job_timeout = 30;
};

}  // namespace

void add_worker(Verb& program) {
  const auto arguments = std::make_shared<WorkerArguments>();
  server::RunOptions& options = arguments->run;
  Verb verb = program.verb("worker", "Run the training jobs of the servers that share a database");
  add_database(verb, options.database_url, "PostgreSQL database of the servers").required();
  add_data_dir(verb, arguments->data_dir);
  add_job_timeout(verb, arguments->job_timeout);
  verb.option("--train-threads", options.train_threads,
              "Threads of a training job; 0: half of the available ones, at least 1")
      .value_name("N")
      .range(0, 1024)
      .show_default();
  verb.option("--train-idle", options.idle_training,
              "Run training jobs only when the processor is otherwise idle; false: at low priority")
      .value_name("BOOL")
      .show_default("true")
      .environment("FOVEA_TRAIN_IDLE");
  verb.option("--keep-versions", options.keep_versions,
              "Number of newest model versions whose files are kept, besides those in use; the "
              "same as for the servers")
      .value_name("N")
      .range(1, 1'000'000)
      .show_default();
  verb.option("--log-level", options.log_level, "Minimum level of log messages")
      .value_name("LEVEL")
      .one_of({"trace", "debug", "info", "warn", "error", "off"})
      .show_default();
  verb.option("--log-format", options.log_format, "Format of log messages")
      .value_name("FORMAT")
      .one_of({"text", "json"})
      .show_default();
  verb.action([arguments] {
    limit_heap_growth(HeapUse::serving);
    server::RunOptions& run = arguments->run;
    run.data_dir = data_dir_or_default(arguments->data_dir);
    run.job_timeout = std::chrono::seconds(arguments->job_timeout);
    server::run_jobs(run);
  });
}

}  // namespace fovea::tools
