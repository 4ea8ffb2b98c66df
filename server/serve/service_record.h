#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace fovea::server {

// How one version has fared since it went into service. The time of an image is its decoding and
// its share of the network's run; the time it waited is left out, since that tells of the load and
// not of the version. Any thread, without a lock.
class ServiceRecord {
 public:
  struct Summary {
    std::uint64_t answers = 0;  // images answered or failed
    std::uint64_t failures = 0;
    double p99_ms = 0;  // 99 % of the answered images took at most this; 0 without any
    double error_rate() const { return answers ? double(failures) / double(answers) : 0; }
  };

  void answered(double ms);
  void failed() { failures_.fetch_add(1, std::memory_order_relaxed); }
  Summary summary() const;

 private:
  // Eight to the octave from 0.01 ms (9 % wide) to 80 s.
  static constexpr int kBuckets = 184;
  std::array<std::atomic<std::uint64_t>, kBuckets> times_{};
  std::atomic<std::uint64_t> failures_{0};
};

}  // namespace fovea::server
