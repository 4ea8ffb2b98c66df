#include "server/serve/service_record.h"

#include <algorithm>
#include <cmath>

namespace fovea::server {
namespace {

constexpr double kSmallest = 0.01;  // milliseconds
constexpr double kPerOctave = 8;

}  // namespace

void ServiceRecord::answered(double ms) {
  const double place = kPerOctave * std::log2(std::max(ms, kSmallest) / kSmallest);
  const auto bucket = std::min(static_cast<int>(std::ceil(place)), kBuckets - 1);
  times_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
}

ServiceRecord::Summary ServiceRecord::summary() const {
  Summary summary;
  std::array<std::uint64_t, kBuckets> counts{};
  std::uint64_t answered = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    answered += counts[i] = times_[i].load(std::memory_order_relaxed);
  }
  summary.failures = failures_.load(std::memory_order_relaxed);
  summary.answers = answered + summary.failures;
  if (answered == 0) return summary;
  const std::uint64_t wanted = answered - answered / 100;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen < wanted) continue;
    summary.p99_ms = kSmallest * std::exp2(static_cast<double>(i) / kPerOctave);
    break;
  }
  return summary;
}

}  // namespace fovea::server
