#pragma once

#include <chrono>
#include <filesystem>

#include "engine/core/error.h"

namespace fovea {

// Another process, or another writer of this one, is changing the dataset.
class DatasetBusy : public IoError {
 public:
  using IoError::IoError;
};

// The right to change the dataset in a folder, which is created. Held by one writer on the machine,
// given up when it ends in whatever way. Readers need none.
class DatasetLock {
 public:
  // Waits for at most `patience`. Throws DatasetBusy, IoError.
  explicit DatasetLock(const std::filesystem::path& folder,
                       std::chrono::milliseconds patience = {});
  ~DatasetLock();  // a folder in which no dataset came to be is removed
  DatasetLock(const DatasetLock&) = delete;
  DatasetLock& operator=(const DatasetLock&) = delete;

 private:
  std::filesystem::path folder_;
  int fd_ = -1;
};

}  // namespace fovea
