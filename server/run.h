#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "server/http/guard.h"
#include "server/http/static_files.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

struct RunOptions {
  std::filesystem::path model;     // empty = the stored champion; without one, the bundled model
  std::filesystem::path data_dir;  // of history, versions, jobs and datasets; created if missing
  std::string database_url;        // PostgreSQL instead of SQLite; data_dir is then shared
  bool run_jobs = true;            // false: other processes run the jobs; needs database_url
  // With database_url: a job whose process sent no heartbeat for this time is given to another one.
  std::chrono::seconds job_timeout{30};
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 = any free one
  int max_projects = 64;      // besides the default one
  int keep_versions = 10;     // number of newest versions that keep their files
  // Automatic rollback, see WatchdogOptions. A window of 0 disables it.
  std::chrono::milliseconds rollback_window{300'000};
  std::uint64_t rollback_min_answers = 200;
  double rollback_error_factor = 3;
  double rollback_p99_factor = 3;
  std::span<const EmbeddedFile> page;  // the page in the binary
  std::filesystem::path www;           // folder with the page; empty = `page`
  int threads = 0;                     // inference threads; 0 = all available processors
  int train_threads = 0;      // of a training job; 0 = half of the available processors, at least 1
  bool idle_training = true;  // training uses only otherwise idle processor time
  std::uint64_t max_body = 32 << 20;
  std::uint64_t max_bodies = 320 << 20;  // of all requests at one time
  double threshold = 0.5;                // less probable predictions are uncertain
  HistoryLimits history;
  std::chrono::milliseconds drain_delay{0};
  std::chrono::milliseconds drain_timeout{30'000};
  GuardOptions guard;                              // `loopback` is derived from `host`
  std::filesystem::path tls_certificate, tls_key;  // PEM files; empty = HTTP without TLS
  std::string log_level = "info";                  // trace debug info warn error off
  std::string log_format = "text";                 // text json
};

// Serves until SIGINT or SIGTERM, and returns when drained. Prints a line with the address to
// stdout when it is ready; the log goes to stderr. Throws IoError and FormatError before that.
void run(const RunOptions& options);

// Runs the jobs of the servers that share database_url and data_dir until SIGINT or SIGTERM. Uses
// the members up to log_format that concern jobs and versions. Throws like run().
void run_jobs(const RunOptions& options);

// The bundled model: models/cifar10-small.safetensors below the data directory (if not empty), the
// working directory, the source tree of this executable or <prefix>/share/fovea. Throws IoError
// that lists the places.
std::filesystem::path find_default_model(const std::filesystem::path& data_dir);

}  // namespace fovea::server
