#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "server/http/guard.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

struct RunOptions {
  std::filesystem::path model;     // empty = the stored champion, at first the bundled model
  std::filesystem::path data_dir;  // of history, versions, jobs and datasets; may be new
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 = any free one
  int keep_versions = 10;     // newest versions whose files stay
  // Automatic rollback, see WatchdogOptions: 0 s switches it off.
  std::chrono::milliseconds rollback_window{300'000};
  std::uint64_t rollback_min_answers = 200;
  double rollback_error_factor = 3;
  double rollback_p99_factor = 3;
  std::filesystem::path www;  // page files from this folder; empty = those in the binary
  int threads = 0;            // inference threads; 0 = as many as the process may use
  int train_threads = 0;      // of a training job; 0 = half of what may be used, at least 1
  bool idle_training = true;  // training gets only the processor time that nobody else wants
  std::uint64_t max_body = 32 << 20;
  std::uint64_t max_bodies = 320 << 20;  // of all requests at one time
  double threshold = 0.5;                // answers below this probability are uncertain
  HistoryLimits history;
  std::chrono::milliseconds drain_delay{0};
  std::chrono::milliseconds drain_timeout{30'000};
  GuardOptions guard;                              // `loopback` is found out from `host`
  std::filesystem::path tls_certificate, tls_key;  // PEM files; empty = HTTP without TLS
  std::string log_level = "info";                  // trace debug info warn error off
  std::string log_format = "text";                 // text json
};

// Serves until SIGINT or SIGTERM and returns when drained. Prints one line with the address to
// stdout when ready; the log goes to stderr. Throws IoError and FormatError before that.
void run(const RunOptions& options);

// Where the model is when none was named: models/cifar10-small.safetensors below the data directory
// (may be empty), the working directory, the source tree of this executable or
// <prefix>/share/fovea. Throws IoError that lists the places.
std::filesystem::path find_default_model(const std::filesystem::path& data_dir);

}  // namespace fovea::server
