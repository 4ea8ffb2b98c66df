#pragma once

#include <filesystem>

namespace fovea::server {

// Lock of a data directory. Two servers with SQLite would overwrite each other's aliases and jobs,
// so such a server holds the lock exclusively; servers with a shared database share it. The kernel
// releases it when the process ends for any reason. Child processes do not inherit it.
class FolderLock {
 public:
  enum class Mode { exclusive, shared };

  // Creates the folder if necessary. Throws IoError, also if another server holds the lock.
  explicit FolderLock(const std::filesystem::path& folder, Mode mode = Mode::exclusive);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  void close_all() const;

  int fd_;              // of the file `lock`
  int folder_fd_ = -1;  // of the folder, when it is locked, too
};

}  // namespace fovea::server
