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
  if (::flock(fd_, operation | LOCK_NB) == 0) return;
  const int reason = errno;
  ::close(fd_);
  if (reason != EWOULDBLOCK) {
    throw IoError("cannot lock " + file.string() + ": " + std::strerror(reason));
  }
  throw IoError("the data directory " + folder.string() +
                " is in use by another server; stop it, or use another directory (--data-dir)");
}

FolderLock::~FolderLock() {
  ::close(fd_);
}

}  // namespace fovea::server
