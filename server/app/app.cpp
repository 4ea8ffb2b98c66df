#include "server/app/app.h"

#include <algorithm>
#include <system_error>

#include "engine/core/parallel.h"
#include "server/jobs/model_job_handler.h"

namespace fovea::server {

JobsOptions jobs_options(const AppOptions& options) {
  JobsOptions jobs;
  jobs.folder = options.data_dir / "jobs";
  jobs.command = options.job_command;
  if (jobs.command.empty()) {
    std::error_code error;
    jobs.command = {std::filesystem::read_symlink("/proc/self/exe", error).string(), "job"};
  }
  jobs.threads =
      options.train_threads > 0 ? options.train_threads : std::max(1, available_threads() / 2);
  jobs.idle = options.idle_training;
  jobs.on_event = options.on_event;
  return jobs;
}

std::unique_ptr<JobHandler> model_job_handler(const AppOptions& options, Registry& registry,
                                              Store& store) {
  return std::make_unique<ModelJobHandler>(
      registry, store.jobs(),
      JobEnvironment{options.data_dir, options.dataset, jobs_options(options).threads,
                     options.system});
}

void App::tell_swaps() {
  registry.on_swap = [this, before = registry.on_swap](const ModelSwap& swap) {
    if (before) before(swap);
    hub.publish("model", R"({"version":)" + swap.now->version +
                             (swap.rollback ? R"(,"rollback":true})" : "}"));
    // The one at the start changed nothing.
    if (swap.before) metrics.version_activated(swap.rollback);
  };
}

JobsOptions App::counted(JobsOptions jobs_options) {
  jobs_options.on_end = [this](const Job& job) {
    if (job.kind == "retrain") metrics.training_finished(to_string(job.state));
  };
  return jobs_options;
}

}  // namespace fovea::server
