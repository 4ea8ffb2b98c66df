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

// False when the one who held the lock removed its file meanwhile: then it locks nothing.
bool is_in_place(int fd, const fs::path& path) {
  struct stat ours, there;
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace

DatasetLock::DatasetLock(const fs::path& folder, std::chrono::milliseconds patience)
    : folder_(folder) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    fd_ = open_lock(folder);
    const bool held = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
    if (held && is_in_place(fd_, folder / "lock")) return;
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
