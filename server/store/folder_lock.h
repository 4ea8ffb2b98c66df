#pragma once

#include <filesystem>

namespace fovea::server {

// A data directory in use by one server: a second one would move aliases and jobs under the first.
// The kernel lets go of it when the process ends, however it ends. Children do not inherit it.
class FolderLock {
 public:
  // Creates the folder. Throws IoError, also when another server holds it.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace fovea::server
