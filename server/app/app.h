#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/data/data_dir.h"
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
#include "server/serve/batcher.h"
#include "server/serve/predict_pipeline.h"
#include "server/serve/recorder.h"
#include "server/serve/served_model.h"
#include "server/store/files.h"
#include "server/store/folder_lock.h"
#include "server/store/prediction_store.h"
#include "server/store/store.h"

namespace fovea::server {

struct AppOptions {
  std::filesystem::path data_dir;         // fovea.db, files/, datasets/, jobs/
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

JobsOptions jobs_options(const AppOptions& options);
std::unique_ptr<JobHandler> model_job_handler(const AppOptions& options, Registry& registry,
                                              Store& store);

// The state that the handlers share. Any thread may use all members.
class App {
 public:
  // Opens the data directory, activates a model with `activate_model`, and starts to run queued
  // jobs. Throws IoError, also if another server uses the data directory, and what activate_model
  // throws.
  App(AppOptions app_options, const std::function<void(Registry&)>& activate_model,
      StaticFiles page);

  // The active model. A request calls this once and uses the result until its response is complete.
  std::shared_ptr<const ServedModel> model() const { return registry.champion(); }
  Jobs& jobs() { return *jobs_; }
  ChartContext chart_context() {
    return {*store, registry,       training, data_statistics, model_evaluations,
            jobs(), options.dataset};
  }

  const AppOptions options;
  const StaticFiles files;
  const FolderLock lock;
  const std::unique_ptr<Store> store;
  Files blobs;  // model files, feature statistics, uploaded images
  TrainingData training;
  DataStatisticsCache data_statistics;
  ModelEvaluations model_evaluations;
  Registry registry;
  Watchdog watchdog;
  const std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  std::atomic<bool> draining{false};

  Metrics metrics;
  Hub hub;
  PredictPipeline pipeline;  // before recorder and batcher, whose threads call it
  Recorder recorder;
  Batcher batcher;

 private:
  void publish_swaps();

  std::optional<Jobs> jobs_;  // last: its thread uses all other members
};

}  // namespace fovea::server
