#pragma once

#include <chrono>
#include <filesystem>

#include "engine/core/error.h"

namespace fovea {

// Another writer, in this process or another one, holds the lock of the dataset.
class DatasetBusy : public IoError {
 public:
  using IoError::IoError;
};

// An exclusive lock (flock) on the dataset in a folder, which is created. The system releases it
// when the process ends. Readers need no lock.
class DatasetLock {
 public:
  // Waits at most `timeout`. Throws DatasetBusy, IoError.
  explicit DatasetLock(const std::filesystem::path& folder, std::chrono::milliseconds timeout = {});
  ~DatasetLock();  // removes the folder when it holds no dataset
  DatasetLock(const DatasetLock&) = delete;
  DatasetLock& operator=(const DatasetLock&) = delete;

 private:
  std::filesystem::path folder_;
  int fd_ = -1;
};

}  // namespace fovea
