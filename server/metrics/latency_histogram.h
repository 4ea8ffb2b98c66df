#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <utility>

namespace fovea::server {

// The one binning of durations, used by statistics, the watchdog and the Prometheus metrics. Bin 0
// holds up to 0.001 ms, bin i > 0 the interval [0.001 * 1.05^(i - 1), 0.001 * 1.05^i) ms. A value
// read from the middle of its bin is within 2.5 %.
struct LatencyBins {
  static int index(double ms);    // >= 0; NaN: 0
  static double middle(int bin);  // geometric mean of the interval, ms
};

// A sparse histogram that can be merged, subtracted from and stored.
class LatencyHistogram {
 public:
  LatencyHistogram() = default;
  explicit LatencyHistogram(std::map<int, std::int64_t> bins) : bins_(std::move(bins)) {}

  void add(double ms, std::int64_t times = 1) { add_bin(LatencyBins::index(ms), times); }
  void add_bin(int bin, std::int64_t times);  // times < 0 subtracts
  void merge(const LatencyHistogram& other);
  std::int64_t count() const;
  std::int64_t count_up_to(double ms) const;  // in the bins whose middle is at most `ms`
  double percentile(double fraction) const;   // ms; 0 if the histogram is empty
  const std::map<int, std::int64_t>& bins() const { return bins_; }

 private:
  std::map<int, std::int64_t> bins_;  // count by bin
};

// Counts from any thread without a lock; longer times than 80 s are counted as 80 s.
class AtomicLatencyHistogram {
 public:
  void add(double ms);
  LatencyHistogram snapshot() const;
  double sum_ms() const { return sum_ms_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kBins = 375;
  std::array<std::atomic<std::uint64_t>, kBins> counts_{};
  std::atomic<double> sum_ms_{0};
};

}  // namespace fovea::server
