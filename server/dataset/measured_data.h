#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "engine/eval/data_statistics.h"
#include "server/dataset/training_data.h"

namespace fovea::server {

// What the training data looks like, measured once for each revision: it reads pixels. Any thread;
// who asks while it is measured waits.
class MeasuredData {
 public:
  // Throws IoError.
  std::shared_ptr<const DataStatistics> of(const TrainingSnapshot& snapshot);

 private:
  std::mutex mutex_;
  std::string revision_;
  std::shared_ptr<const DataStatistics> statistics_;  // of that revision; null before the first
};

}  // namespace fovea::server
