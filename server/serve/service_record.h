#pragma once

#include <atomic>
#include <cstdint>

#include "server/metrics/latency_histogram.h"

namespace fovea::server {

// Errors and times of one version since its activation, for the watchdog. The time of an image is
// its share of the CPU time of the network's run. Decoding depends on what users send, and queueing
// and wall time on the load; none of them is a property of the version. Any thread, without a
// lock.
class ServiceRecord {
 public:
  struct Summary {
    std::uint64_t images = 0;  // classified or failed
    std::uint64_t failures = 0;
    double p99_ms = 0;  // 99th percentile of the time per classified image; 0 if there is none
    double error_rate() const { return images ? double(failures) / double(images) : 0; }
  };

  void image_classified(double ms) { times_.add(ms); }
  void image_failed() { failures_.fetch_add(1, std::memory_order_relaxed); }
  Summary summary() const;

 private:
  AtomicLatencyHistogram times_;
  std::atomic<std::uint64_t> failures_{0};
};

}  // namespace fovea::server
