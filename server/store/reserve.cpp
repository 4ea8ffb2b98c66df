#include "server/store/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fovea::server {

void Reserve::fill() noexcept {
  struct stat info;
  if (::stat(file_.c_str(), &info) == 0 && info.st_size == kBytes) return;
  const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  // Unlike a sparse file, this takes the space now.
  const bool done = ::posix_fallocate(fd, 0, kBytes) == 0;
  ::close(fd);
  if (!done) release();
}

void Reserve::release() noexcept {
  ::unlink(file_.c_str());
}

}  // namespace fovea::server
