#pragma once

#include <filesystem>

namespace fovea::server {

// Exclusive lock of a data directory: two servers would overwrite each other's aliases and jobs.
// The kernel releases it when the process ends for any reason. Child processes do not inherit it.
class FolderLock {
 public:
  // Creates the folder if necessary. Throws IoError, also if another server holds the lock.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace fovea::server
