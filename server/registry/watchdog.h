#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "server/registry/registry.h"
#include "server/serve/service_record.h"

namespace fovea::server {

struct WatchdogOptions {
  // A newly activated version is watched for at least this long and until it has classified
  // min_images; from then on it is checked every `interval`. A window of 0 disables the watchdog.
  std::chrono::milliseconds window{300'000};
  std::uint64_t min_images = 200;
  // It is rolled back if its error rate exceeds error_floor and error_factor times the error rate
  // of the previous version, or likewise the 99th percentile (p99) of its CPU time per image. The
  // floors keep noise at small values from triggering a rollback.
  double error_factor = 3;
  double error_floor = 0.01;
  double p99_factor = 3;
  double p99_floor_ms = 5;
  std::chrono::milliseconds interval{1000};
  std::function<void(const std::string&)> on_event;  // log lines
};

// Compares a version (`now`) with the previous one (`before`). Returns the reason for a rollback as
// text with the numbers; empty: no regression. The p99 is compared only if the previous version has
// classified min_images, too.
std::string find_regression(const ServiceRecord::Summary& before, const ServiceRecord::Summary& now,
                            const WatchdogOptions& options);

// Watches a version after its activation and rolls back to the previous version if the new one has
// clearly more errors or is clearly slower. A version that a rollback activated is not watched:
// two bad versions would alternate.
class Watchdog {
 public:
  // Sets registry.on_swap.
  Watchdog(Registry& registry, WatchdogOptions options);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  struct Watch {
    std::shared_ptr<const ServedModel> model;
    int previous = 0;
    ServiceRecord::Summary before;
    std::chrono::steady_clock::time_point since;
  };
  void start_watch(const ModelSwap& swap);
  void run(const std::stop_token& stop);
  void check(const Watch& watch);
  void roll_back(const Watch& watch, const std::string& reason);
  void end_watch(const Watch& watch);

  Registry& registry_;
  const WatchdogOptions options_;
  // Taken inside the registry's lock (on_swap), therefore never held while calling the registry.
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Watch> watch_;
  std::jthread thread_;
};

}  // namespace fovea::server
