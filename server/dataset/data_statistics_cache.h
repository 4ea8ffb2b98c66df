#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "engine/eval/data_statistics.h"
#include "server/dataset/training_data.h"

namespace fovea::server {

// Statistics of the training data, computed once per revision because that reads all pixels. Any
// thread; concurrent callers wait for the computation.
class DataStatisticsCache {
 public:
  // Throws IoError.
  std::shared_ptr<const DataStatistics> get(const TrainingSnapshot& snapshot);

 private:
  std::mutex mutex_;
  std::string revision_;
  std::shared_ptr<const DataStatistics> statistics_;  // of revision_; null: none yet
};

}  // namespace fovea::server
