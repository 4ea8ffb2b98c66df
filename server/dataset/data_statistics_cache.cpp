#include "server/dataset/data_statistics_cache.h"

namespace fovea::server {

std::shared_ptr<const DataStatistics> DataStatisticsCache::get(const TrainingSnapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  if (!statistics_ || revision_ != snapshot.revision) {
    statistics_ = std::make_shared<const DataStatistics>(measure_data(snapshot.dataset));
    revision_ = snapshot.revision;
  }
  return statistics_;
}

}  // namespace fovea::server
