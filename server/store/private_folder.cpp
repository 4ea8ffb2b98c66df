#include "server/store/private_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace fovea::server {
namespace {

constexpr mode_t kOthers = 0077;  // all permissions of the group and of other users

}  // namespace

void make_private(const std::filesystem::path& folder,
                  const std::function<void(const std::string&)>& report) {
  ::umask(kOthers);
  create_folders(folder);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) throw_io_error("stat " + folder.string());
  const mode_t mode = status.st_mode & 07777;
  if ((mode & kOthers) == 0) return;
  if (status.st_uid == ::geteuid() && (mode & S_ISGID) == 0 &&
      ::chmod(folder.c_str(), mode & ~kOthers) == 0) {
    report(fmt::format("the permissions of {} were {:04o} and are now {:04o}", folder.string(),
                       mode, mode & ~kOthers));
  } else if ((mode & S_IROTH) != 0 || (mode & S_IXOTH) != 0) {
    report(fmt::format("other users of this machine can read {} (permissions {:04o})",
                       folder.string(), mode));
  }
}

void require_private_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw_io_error("stat " + file.string());
  if ((status.st_mode & S_IROTH) == 0) return;
  throw ConfigError(
      fmt::format("all users of this machine can read {} (permissions {:04o}); run "
                  "chmod 600 {}",
                  file.string(), status.st_mode & 07777, file.string()));
}

}  // namespace fovea::server
