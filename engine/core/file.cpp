#include "engine/core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace fovea {
namespace {

[[noreturn]] void fail(const std::string& action, const std::filesystem::path& path) {
  throw_io_error("cannot " + action + " " + path.string());
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void fsync_folder(const std::filesystem::path& folder) {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) fail("fsync folder", folder);
}

// A pipe or device: its size is known only at its end.
std::vector<std::uint8_t> read_stream(const FileDescriptor& fd, const std::filesystem::path& path,
                                      std::uint64_t max_bytes) {
  constexpr std::size_t kBlock = 1 << 16;
  std::vector<std::uint8_t> bytes;
  while (true) {
    const std::size_t done = bytes.size();
    bytes.resize(done + kBlock);
    const ssize_t n = ::read(fd.get(), bytes.data() + done, kBlock);
    if (n < 0 && errno != EINTR) fail("read", path);
    bytes.resize(done + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return bytes;
    if (bytes.size() > max_bytes) {
      throw FormatError(path.string() + " has more than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

void write_all(const FileDescriptor& fd, std::span<const std::uint8_t> bytes,
               const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", path);
    bytes = bytes.subspan(n);
  }
}

}  // namespace

void throw_io_error(const std::string& action) {
  const int code = errno;
  const std::string reason = std::strerror(code);
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    throw DiskFull(action + ": " + reason, reason);
  }
  throw IoError(action + ": " + reason);
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) fail("open", path);
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) fail("stat", path);
  if (S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    fail("read", path);
  }
  if (!S_ISREG(info.st_mode)) return read_stream(fd, path, max_bytes);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > max_bytes) {
    throw FormatError(path.string() + " has " + std::to_string(size) + " bytes; the limit is " +
                      std::to_string(max_bytes));
  }
  std::vector<std::uint8_t> bytes(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", path);
    if (n == 0) break;
    done += n;
  }
  bytes.resize(done);
  return bytes;
}

void create_folders(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return;
  const std::filesystem::path parent = folder.parent_path();
  create_folders(parent);
  if (::mkdir(folder.c_str(), 0777) != 0) {
    const int reason = errno;
    // Another thread or process may have created it meanwhile.
    if (std::filesystem::is_directory(folder, ignored)) return;
    errno = reason;
    fail("create folder", folder);
  }
  // The entry of a new folder is stored in its parent.
  fsync_folder(parent.empty() ? "." : parent);
}

unsigned new_file_mode() {
  static const mode_t mask = [] {
    const mode_t present = ::umask(077);  // it can only be read by changing it
    ::umask(present);
    return present;
  }();
  return 0666 & ~mask;
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  create_folders(folder);
  std::string temporary = (folder / ("." + path.filename().string() + ".XXXXXX")).string();
  const FileDescriptor fd(::mkstemp(temporary.data()));
  if (fd.get() < 0) fail("create a temporary file in", folder);
  try {
    write_all(fd, bytes, path);
    if (::fchmod(fd.get(), new_file_mode()) != 0) fail("set the mode of", path);
    if (::fsync(fd.get()) != 0) fail("fsync", path);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail("replace", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  fsync_folder(folder);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path,
                        std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace fovea
