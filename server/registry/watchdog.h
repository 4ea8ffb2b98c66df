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
  // A new version is watched for this long, and until it has answered that many images: from then
  // on it is judged every `interval`. A window of 0 switches automatic rollback off.
  std::chrono::milliseconds window{300'000};
  std::uint64_t min_answers = 200;
  // It is rolled back when its share of failed images is above the floor and above the factor
  // times that of the version before, or so its p99 time of an image. The floors keep noise at
  // small numbers from looking like a fault.
  double error_factor = 3;
  double error_floor = 0.01;
  double p99_factor = 3;
  double p99_floor_ms = 5;
  std::chrono::milliseconds interval{1000};
  std::function<void(const std::string&)> on_event;  // lines for the log
};

// Why the version should go, in words with its numbers; empty when it need not. The p99 is only
// compared when the version before answered min_answers images, too.
std::string find_fault(const ServiceRecord::Summary& before, const ServiceRecord::Summary& now,
                       const WatchdogOptions& options);

// Watches what a version does after it was activated, and goes back to the one before when it does
// clearly worse. What a rollback brought back is not watched: two bad versions would take turns.
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
  void note(const Swap& swap);
  void run(const std::stop_token& stop);
  void check(const Watch& watch);  // without the mutex: it may change the registry
  void roll_back(const Watch& watch, const std::string& fault);
  void forget(const Watch& watch);

  Registry& registry_;
  const WatchdogOptions options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Watch> watch_;
  std::jthread thread_;
};

}  // namespace fovea::server
