#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/data/data_dir.h"
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
#include "server/serve/recorder.h"
#include "server/serve/served_model.h"
#include "server/store/files.h"
#include "server/store/folder_lock.h"
#include "server/store/prediction_store.h"
#include "server/store/store.h"

namespace fovea::server {

struct AppOptions {
  std::filesystem::path data_dir;         // fovea.db, files/, datasets/, jobs/
  std::string dataset = kDefaultDataset;  // the one that uploads go to and retraining reads
  int inference_threads = 1;
  std::size_t max_queue = 2048;                      // images waiting
  std::chrono::milliseconds deadline{30'000};        // for an image's turn, from its
                                                     // request's last byte
  std::function<void(const std::string&)> on_error;  // what the client is not told; any thread
  RegistryOptions registry;
  HistoryLimits history;
  double threshold = 0.5;  // answers below this probability are uncertain, unless a request says
  WatchdogOptions watchdog;
  std::vector<std::string> job_command;  // empty: this program's `job`; the job's folder comes last
  int train_threads = 0;                 // 0: half of what there is, at least 1
  bool idle_training = true;             // it gets only the processor time that nobody else wants
  std::uint64_t max_body = 32 << 20;     // this and the next are the Server's; here to be told
  double rate_limit = 0;                 // requests a second and client; 0: none
  SystemFolders system;                  // tell how much memory there is
  std::function<void(const std::string&)> on_event;  // lines for the log; any thread
};

JobsOptions jobs_options(const AppOptions& options);
std::unique_ptr<JobHandler> model_job_handler(const AppOptions& options, Registry& registry,
                                              Store& store);

// What the handlers share. Everything here may be used from any thread.
class App {
 public:
  // `start` puts a model into service (registry/initial_version.h). Throws IoError, also when
  // another server uses the data directory, and what `start` throws.
  App(AppOptions given, const std::function<void(Registry&)>& start, StaticFiles page)
      : options(std::move(given)),
        files(std::move(page)),
        lock(options.data_dir),
        store(open_sqlite_store(options.data_dir / "fovea.db", options.history)),
        blobs(options.data_dir / "files"),
        training(options.data_dir, options.dataset, blobs, options.inference_threads / 2),
        registry(store->versions(), blobs, options.registry),
        watchdog(registry, options.watchdog),
        recorder(store->predictions(), options.on_error),
        batcher((start(registry), options.inference_threads), options.max_queue),
        jobs((tell_swaps(), counted(jobs_options(options))), store->jobs(), hub,
             model_job_handler(options, registry, *store)) {}

  const AppOptions options;
  const StaticFiles files;
  const FolderLock lock;
  const std::unique_ptr<Store> store;
  Files blobs;  // models, their feature statistics, uploaded images
  TrainingData training;
  DataStatisticsCache data_statistics;
  Registry registry;
  Watchdog watchdog;
  const std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  std::atomic<bool> draining{false};

  // The model in service; a request takes it once and keeps it to its end.
  std::shared_ptr<const ServedModel> model() const { return registry.champion(); }

  Metrics metrics;
  Hub hub;  // what happens now, for dashboards; outlives the recorder, which tells it
  Recorder recorder;
  Batcher batcher;
  Jobs jobs;  // last: its thread ends before anything that it uses

 private:
  void tell_swaps();  // on the hub and to the metrics
  JobsOptions counted(JobsOptions jobs_options);
};

}  // namespace fovea::server
