#include "server/app/app.h"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/core.h>

#include "engine/core/parallel.h"
#include "server/app/recover.h"
#include "server/http/problem.h"
#include "server/jobs/model_job_handler.h"
#include "server/store/version_store.h"

namespace fovea::server {

std::string api_of(std::string_view project) {
  if (project == kDefaultProject) return "/api/v1";
  return fmt::format("/api/v1/projects/{}", project);
}

JobsOptions jobs_options(const AppOptions& options) {
  JobsOptions jobs;
  jobs.api = api_of(options.project);
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
  jobs.run = options.run_jobs;
  jobs.shared = !options.database_url.empty();
  jobs.runner = options.instance;
  jobs.stale_after = options.job_timeout;
  jobs.heartbeat = std::chrono::milliseconds(options.job_timeout) / 6;
  return jobs;
}

RegistryOptions registry_options(const AppOptions& options, Store& store) {
  RegistryOptions registry = options.registry;
  registry.shared = !options.database_url.empty();
  registry.threads = 2 * options.inference_threads;  // for small and for large images
  registry.available_memory = [system = options.system] { return available_memory(system); };
  registry.lock = [&store] { return store.lock_changes(); };
  registry.on_change = [&store](const std::string& action) {
    notify_fleet(store, "aliases", action);
  };
  return registry;
}

std::unique_ptr<JobHandler> model_job_handler(const AppOptions& options, Registry& registry,
                                              Store& store) {
  return std::make_unique<ModelJobHandler>(
      registry, store.jobs(),
      JobEnvironment{options.data_dir, options.dataset, jobs_options(options).threads,
                     options.system, options.settings, options.project});
}

std::shared_ptr<Runtime> make_runtime(const AppOptions& options, StaticFiles page) {
  return std::make_shared<Runtime>(std::move(page), options.inference_threads, options.max_queue,
                                   options.data_dir);
}

App::App(AppOptions app_options, const std::function<void(Registry&)>& activate_model,
         std::shared_ptr<Runtime> shared)
    : options(std::move(app_options)),
      api(api_of(options.project)),
      runtime(std::move(shared)),
      lock(options.data_dir,
           options.database_url.empty() ? FolderLock::Mode::exclusive : FolderLock::Mode::shared),
      store(open_store(options.data_dir, options.database_url, options.history,
                       options.settings.schema)),
      blobs(options.data_dir / "files"),
      training(options.data_dir, options.dataset, blobs, options.inference_threads / 2),
      registry(store->versions(), blobs, registry_options(options, *store)),
      watchdog(registry, options.watchdog),
      hub(is_default() ? "" : options.project),
      pipeline(runtime->batcher, recorder, metrics, hub, options.deadline),
      recorder(store->predictions(), options.on_error) {
  hub.relay = [this](std::string_view name, const std::string& data) {
    relay_to_fleet(*store, name, data);
  };
  recover();
  activate_model(registry);
  publish_swaps();
  // The jobs start last: they may activate versions.
  JobsOptions job_options = jobs_options(options);
  job_options.turns = &runtime->job_turns;
  job_options.on_end = [this](const Job& job) {
    if (job.kind == "retrain") metrics.training_finished(to_string(job.state));
  };
  jobs_.emplace(std::move(job_options), *store, hub, model_job_handler(options, registry, *store));
  const auto projects_changed = [this] {
    if (is_default()) runtime->projects_changed_elsewhere();
  };
  fleet_.emplace(*store, hub, registry, *jobs_, projects_changed, options.on_event);
}

// What a crash of an earlier process left.
void App::recover() {
  constexpr std::chrono::hours kOldTemporary{24};
  const bool alone = options.database_url.empty();
  remove_temporary_files(options.data_dir, alone ? std::chrono::seconds(0) : kOldTemporary);
  std::set<std::string> used;
  for (const StoredVersion& version : store->versions().with_files()) {
    used.insert(version.model_sha256);
    if (version.features_sha256) used.insert(*version.features_sha256);
  }
  recover_training_data(training, *store, used, options.on_error);
}

App::~App() {
  fleet_.reset();
  jobs_.reset();
  if (is_default()) runtime->batcher.stop();  // its threads call the pipeline
}

std::shared_ptr<const ServedModel> App::model() const {
  auto served = registry.champion();
  if (served) return served;
  throw HttpError(409, fmt::format("project \"{}\" has no model yet: upload images "
                                   "(POST {}/dataset/images) and train (POST {}/jobs)",
                                   options.project, api, api));
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
