#include "server/app/app.h"

#include <algorithm>
#include <system_error>

#include <fmt/core.h>

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

App::App(AppOptions app_options, const std::function<void(Registry&)>& activate_model,
         StaticFiles page)
    : options(std::move(app_options)),
      files(std::move(page)),
      lock(options.data_dir),
      store(open_sqlite_store(options.data_dir / "fovea.db", options.history)),
      blobs(options.data_dir / "files"),
      training(options.data_dir, options.dataset, blobs, options.inference_threads / 2),
      registry(store->versions(), blobs, options.registry),
      watchdog(registry, options.watchdog),
      pipeline(batcher, recorder, metrics, hub, options.deadline),
      recorder(store->predictions(), options.on_error),
      batcher(options.inference_threads, options.max_queue) {
  activate_model(registry);
  publish_swaps();
  // The jobs start last: they may activate versions.
  JobsOptions job_options = jobs_options(options);
  job_options.on_end = [this](const Job& job) {
    if (job.kind == "retrain") metrics.training_finished(to_string(job.state));
  };
  jobs_.emplace(std::move(job_options), store->jobs(), hub,
                model_job_handler(options, registry, *store));
}

// Publishes activations to the hub and counts them.
void App::publish_swaps() {
  registry.on_swap = [this, before = registry.on_swap](const ModelSwap& swap) {
    if (before) before(swap);
    hub.publish("model", fmt::format(R"({{"version":{}{}}})", swap.now->version,
                                     swap.rollback ? R"(,"rollback":true)" : ""));
    if (swap.before) metrics.version_activated(swap.rollback);  // null: the first activation
  };
}

}  // namespace fovea::server
