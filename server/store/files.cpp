#include "server/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <vector>

#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace fovea::server {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& action, const fs::path& path) {
  throw_io_error("cannot " + action + " " + path.string());
}

const std::string kAnnounced = ".announced-";  // a hidden name: backups leave it out

bool is_sha256(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Flushes the folder's entries to disk, or with `file_system` everything on its file system.
void flush(const fs::path& folder, bool file_system) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("open folder", folder);
  const bool done = (file_system ? ::syncfs(fd) : ::fsync(fd)) == 0;
  ::close(fd);
  if (!done) fail("flush", folder);
}

// Writes the bytes to a new temporary file in the folder of `path` and returns its name.
fs::path write_temporary(const fs::path& path, std::span<const std::uint8_t> bytes) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) {
    errno = error.value();
    fail("create folder", path.parent_path());
  }
  std::string name = (path.parent_path() / ("." + path.filename().string() + ".XXXXXX")).string();
  const int fd = ::mkstemp(name.data());
  if (fd < 0) fail("create a file in", path.parent_path());
  ::fchmod(fd, new_file_mode());
  ::close(fd);
  errno = 0;
  std::ofstream out(name, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out) return name;
  const int reason = errno;
  fs::remove(name, error);
  errno = reason;
  fail("write", path);
}

}  // namespace

fs::path Files::path(const std::string& sha256) const {
  if (!is_sha256(sha256)) {
    throw FormatError("\"" + sha256 + "\" is not a SHA-256 in lower-case hex");
  }
  return folder_ / sha256.substr(0, 2) / sha256;
}

std::string Files::store(std::span<const std::uint8_t> bytes) {
  std::string sha256 = sha256_hex(bytes);
  const fs::path file = path(sha256);
  std::error_code error;
  if (fs::file_size(file, error) == bytes.size() && !error) return sha256;
  write_file_atomically(file, bytes);
  return sha256;
}

void Files::store_all(std::span<const std::span<const std::uint8_t>> files) {
  if (files.size() < 4) {  // cheaper than flushing the whole file system
    for (const auto& bytes : files) store(bytes);
    return;
  }
  std::vector<std::pair<fs::path, fs::path>> written;  // temporary and final name
  std::set<fs::path> folders{folder_};
  try {
    for (const auto& bytes : files) {
      const fs::path file = path(sha256_hex(bytes));
      std::error_code error;
      if (fs::file_size(file, error) == bytes.size() && !error) continue;
      written.emplace_back(write_temporary(file, bytes), file);
      folders.insert(file.parent_path());
    }
    if (written.empty()) return;
    flush(folder_, true);  // the contents must be on disk before the files get their final names
    for (const auto& [from, to] : written) {
      if (::rename(from.c_str(), to.c_str()) != 0) fail("replace", to);
    }
    for (const fs::path& folder : folders) flush(folder, false);
  } catch (...) {
    std::error_code ignored;
    for (const auto& [from, to] : written) fs::remove(from, ignored);
    throw;
  }
}

std::vector<std::uint8_t> Files::read(const std::string& sha256) const {
  const fs::path file = path(sha256);
  std::vector<std::uint8_t> bytes = read_file(file);
  if (sha256_hex(bytes) != sha256) {
    throw FormatError(file.string() +
                      " is damaged: its contents do not match the hash in its name");
  }
  return bytes;
}

bool Files::exists(const std::string& sha256) const {
  std::error_code error;
  return fs::exists(path(sha256), error);
}

void Files::remove_unfinished(std::chrono::seconds older_than) {
  std::error_code error;
  const auto newest = fs::file_time_type::clock::now() - older_than;
  for (const auto& folder : fs::directory_iterator(folder_, error)) {
    if (!folder.is_directory(error)) continue;
    for (const auto& file : fs::directory_iterator(folder.path(), error)) {
      // The temporary names of write_file_atomically().
      if (file.path().filename().string().front() != '.') continue;
      const auto written = fs::last_write_time(file.path(), error);
      if (!error && written <= newest) fs::remove(file.path(), error);
    }
  }
}

std::vector<std::string> Files::list() const {
  std::vector<std::string> hashes;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator(folder_, error)) {
    if (!folder.is_directory(error)) continue;
    for (const auto& file : fs::directory_iterator(folder.path(), error)) {
      std::string name = file.path().filename().string();
      if (is_sha256(name)) hashes.push_back(std::move(name));
    }
  }
  return hashes;
}

std::vector<std::uint8_t> Files::head(const std::string& sha256) const {
  constexpr std::size_t kHead = 64;
  std::vector<std::uint8_t> bytes(kHead);
  std::ifstream in(path(sha256), std::ios::binary);
  in.read(reinterpret_cast<char*>(bytes.data()), kHead);
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

void Files::announce(const std::string& sha256) {
  write_file_atomically(folder_ / (kAnnounced + sha256), std::string_view());
}

void Files::withdraw(const std::string& sha256) {
  std::error_code ignored;  // the next start removes it
  fs::remove(folder_ / (kAnnounced + sha256), ignored);
}

std::vector<std::string> Files::announced() const {
  std::vector<std::string> hashes;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    const std::string name = file.path().filename().string();
    if (name.starts_with(kAnnounced)) hashes.push_back(name.substr(kAnnounced.size()));
  }
  std::erase_if(hashes, [](const std::string& hash) { return !is_sha256(hash); });
  return hashes;
}

void Files::remove(const std::string& sha256) {
  std::error_code error;
  fs::remove(path(sha256), error);
  if (error) throw IoError("cannot remove " + path(sha256).string() + ": " + error.message());
}

}  // namespace fovea::server
