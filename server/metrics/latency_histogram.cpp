#include "server/metrics/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace fovea::server {
namespace {

constexpr double kSmallestMs = 0.001;
constexpr double kGrowth = 1.05;

}  // namespace

int LatencyBins::index(double ms) {
  if (!(ms > kSmallestMs)) return 0;
  const double bin = std::log(ms / kSmallestMs) / std::log(kGrowth);
  return 1 + static_cast<int>(std::min<double>(bin, 1e9));
}

double LatencyBins::middle(int bin) {
  return bin == 0 ? kSmallestMs : kSmallestMs * std::pow(kGrowth, bin - 0.5);
}

void LatencyHistogram::add_bin(int bin, std::int64_t times) {
  if ((bins_[bin] += times) == 0) bins_.erase(bin);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (const auto& [bin, count] : other.bins_) add_bin(bin, count);
}

std::int64_t LatencyHistogram::count() const {
  std::int64_t sum = 0;
  for (const auto& [bin, count] : bins_) sum += count;
  return sum;
}

std::int64_t LatencyHistogram::count_up_to(double ms) const {
  std::int64_t sum = 0;
  for (const auto& [bin, count] : bins_) {
    if (LatencyBins::middle(bin) <= ms) sum += count;
  }
  return sum;
}

double LatencyHistogram::percentile(double fraction) const {
  const double rank = fraction * static_cast<double>(count());
  std::int64_t below = 0;
  for (const auto& [bin, count] : bins_) {
    below += count;
    if (static_cast<double>(below) >= rank) return LatencyBins::middle(bin);
  }
  return 0;
}

void AtomicLatencyHistogram::add(double ms) {
  const auto bin = std::min(static_cast<std::size_t>(LatencyBins::index(ms)), kBins - 1);
  counts_[bin].fetch_add(1, std::memory_order_relaxed);
  sum_ms_.fetch_add(ms, std::memory_order_relaxed);
}

LatencyHistogram AtomicLatencyHistogram::snapshot() const {
  LatencyHistogram histogram;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const auto count = counts_[bin].load(std::memory_order_relaxed);
    if (count > 0) histogram.add_bin(static_cast<int>(bin), static_cast<std::int64_t>(count));
  }
  return histogram;
}

}  // namespace fovea::server
