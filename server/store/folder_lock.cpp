#include "server/store/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace fovea::server {

FolderLock::FolderLock(const std::filesystem::path& folder, Mode mode) {
  create_folders(folder);
  const std::filesystem::path file = folder / "lock";
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) throw IoError("cannot open " + file.string() + ": " + std::strerror(errno));
  const int operation = mode == Mode::exclusive ? LOCK_EX : LOCK_SH;
  int reason = ::flock(fd_, operation | LOCK_NB) == 0 ? 0 : errno;
  if (reason == 0 && mode == Mode::exclusive) {
    // The folder itself, too: the file `lock` can be removed while a server holds it. A file system
    // that cannot lock a folder (NFS) has the file alone.
    folder_fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd_ >= 0 && ::flock(folder_fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      reason = EWOULDBLOCK;
    }
  }
  if (reason == 0) return;
  close_all();
  if (reason != EWOULDBLOCK) {
    throw IoError("cannot lock " + file.string() + ": " + std::strerror(reason));
  }
  throw IoError("the data directory " + folder.string() +
                " is in use by another server; stop it, or use another directory (--data-dir)");
}

FolderLock::~FolderLock() {
  close_all();
}

void FolderLock::close_all() const {
  ::close(fd_);
  if (folder_fd_ >= 0) ::close(folder_fd_);
}

}  // namespace fovea::server
