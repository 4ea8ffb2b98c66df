#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/data/data_dir.h"
#include "server/app/fleet.h"
#include "server/app/runtime.h"
#include "server/charts/sources.h"
#include "server/dataset/data_statistics_cache.h"
#include "server/dataset/training_data.h"
#include "server/events/hub.h"
#include "server/http/static_files.h"
#include "server/jobs/jobs.h"
#include "server/jobs/resources.h"
#include "server/metrics/metrics.h"
#include "server/registry/registry.h"
#include "server/registry/watchdog.h"
#include "server/serve/predict_pipeline.h"
#include "server/serve/recorder.h"
#include "server/serve/served_model.h"
#include "server/store/files.h"
#include "server/store/folder_lock.h"
#include "server/store/prediction_store.h"
#include "server/store/project_folder.h"
#include "server/store/store.h"
#include "server/text/project_name.h"

namespace fovea::server {

struct AppOptions {
  std::string project{kDefaultProject};
  ProjectSettings settings;              // of a project other than the default one
  std::filesystem::path data_dir;        // fovea.db, files/, datasets/, jobs/
  std::string database_url;              // PostgreSQL, shared with other processes; empty: SQLite
  std::string instance = "server";       // name of this process among those that share the database
  bool run_jobs = true;                  // false: other processes run them
  std::chrono::seconds job_timeout{30};  // see JobsOptions::stale_after
  std::string dataset = kDefaultDataset;  // for uploads and retraining
  int inference_threads = 1;
  std::size_t max_queue = 2048;                      // images
  std::chrono::milliseconds deadline{30'000};        // longest time of an image in the queue
  std::function<void(const std::string&)> on_error;  // details for the log; any thread
  RegistryOptions registry;
  HistoryLimits history;
  double threshold = 0.5;  // default of requests: less probable predictions are uncertain
  WatchdogOptions watchdog;
  std::vector<std::string>
      job_command;                    // empty: this program's `job`; the job's folder is appended
  int train_threads = 0;              // 0: half of the available processors, at least 1
  bool idle_training = true;          // training uses only otherwise idle processor time
  std::uint64_t max_body = 32 << 20;  // this and rate_limit: of the Server, for GET /api/v1/status
  double rate_limit = 0;              // requests per second and client; 0: none
  SystemFolders system;               // where the memory limits are read
  std::function<void(const std::string&)> on_event;  // lines for the log; any thread
};

// Where the paths of a project begin: "/api/v1", "/api/v1/projects/hands".
std::string api_of(std::string_view project);
JobsOptions jobs_options(const AppOptions& options);
RegistryOptions registry_options(const AppOptions& options, Store& store);
std::unique_ptr<JobHandler> model_job_handler(const AppOptions& options, Registry& registry,
                                              Store& store);

std::shared_ptr<Runtime> make_runtime(const AppOptions& options, StaticFiles page);

// The state of one project, which the handlers share. Any thread may use all members.
class App {
 public:
  // Opens the data directory, activates a model with `activate_model`, and starts to run queued
  // jobs. Throws IoError, also if another server uses the data directory without a shared database,
  // and what activate_model throws.
  App(AppOptions app_options, const std::function<void(Registry&)>& activate_model,
      std::shared_ptr<Runtime> shared);
  // REQUIRES, except for the default project, which is the last: the batcher has no task of it.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // The active model. A request calls this once and uses the result until its response is complete.
  // Throws HttpError 409 if the project has none yet.
  std::shared_ptr<const ServedModel> model() const;
  std::shared_ptr<const ServedModel> model_or_null() const { return registry.champion(); }
  bool is_default() const { return options.project == kDefaultProject; }
  Jobs& jobs() { return *jobs_; }
  ChartContext chart_context() {
    return {*store, registry,        training, data_statistics, model_evaluations,
            jobs(), options.dataset, api};
  }

  const AppOptions options;
  const std::string api;  // where the paths of the project begin: "/api/v1"
  const std::shared_ptr<Runtime> runtime;
  const FolderLock lock;
  const std::unique_ptr<Store> store;
  Files blobs;  // model files, feature statistics, uploaded images
  TrainingData training;
  DataStatisticsCache data_statistics;
  ModelEvaluations model_evaluations;
  Registry registry;
  Watchdog watchdog;

  Metrics metrics;
  Hub hub;
  PredictPipeline pipeline;  // before recorder, whose thread calls it
  Recorder recorder;

 private:
  void recover();
  void publish_swaps();

  std::optional<Jobs> jobs_;    // its threads use all members above
  std::optional<Fleet> fleet_;  // last: it uses jobs_
};

}  // namespace fovea::server
