#include "server/serve/service_record.h"

namespace fovea::server {

ServiceRecord::Summary ServiceRecord::summary() const {
  const LatencyHistogram times = times_.snapshot();
  Summary summary;
  summary.failures = failures_.load(std::memory_order_relaxed);
  summary.images = static_cast<std::uint64_t>(times.count()) + summary.failures;
  summary.p99_ms = times.percentile(0.99);
  return summary;
}

}  // namespace fovea::server
