#include "engine/data/dataset_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "engine/data/dataset.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

int open_lock(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError("cannot create folder " + folder.string() + ": " + error.message());
  const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw IoError("cannot open " + (folder / "lock").string() + ": " + std::strerror(errno));
  }
  return fd;
}

// Whether `path` still names the open file. A previous holder may have removed it between our open
// and flock; then the lock protects nothing.
bool is_current(int fd, const fs::path& path) {
  struct stat opened, named;
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

DatasetLock::DatasetLock(const fs::path& folder, std::chrono::milliseconds timeout)
    : folder_(folder) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (true) {
    fd_ = open_lock(folder);
    const bool held = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
    if (held && is_current(fd_, folder / "lock")) return;
    ::close(fd_);
    if (held) continue;
    if (std::chrono::steady_clock::now() >= end) {
      throw DatasetBusy("another import into " + folder.string() + " is running");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

DatasetLock::~DatasetLock() {
  if (!Dataset::exists(folder_)) {
    std::error_code ignored;
    fs::remove(folder_ / "lock", ignored);
    fs::remove(folder_, ignored);
  }
  ::close(fd_);
}

}  // namespace fovea
