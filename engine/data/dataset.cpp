#include "engine/data/dataset.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.h"
#include "engine/data/dataset_change.h"

namespace fovea {
namespace {

[[noreturn]] void fail(const std::string& action, const std::filesystem::path& path) {
  throw IoError("cannot " + action + " " + path.string() + ": " + std::strerror(errno));
}

// Null when the file does not exist.
std::shared_ptr<const int> open_segment(const std::filesystem::path& path, std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return nullptr;
  if (fd < 0) fail("open", path);
  std::shared_ptr<const int> file(new int(fd), [](const int* open_fd) {
    ::close(*open_fd);
    delete open_fd;
  });
  struct stat info;
  if (::fstat(fd, &info) != 0) fail("stat", path);
  if (static_cast<std::uint64_t>(info.st_size) < bytes) {
    throw DatasetDamaged(path.parent_path(),
                         path.filename().string() + " has " + std::to_string(info.st_size) +
                             " bytes; the index refers to " + std::to_string(bytes));
  }
  return file;
}

}  // namespace

bool Dataset::exists(const std::filesystem::path& folder) {
  std::error_code ec;
  return std::filesystem::is_regular_file(index_path(folder), ec);
}

Dataset Dataset::open(const std::filesystem::path& folder) {
  // A writer that moves the pixels to new files removes the old ones after it has replaced the
  // index. That can happen between reading the index and opening its files; then read again.
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    StoredIndex stored = read_stored_index(folder);
    if (stored.digest.empty()) throw IoError("there is no dataset in " + folder.string());
    Dataset dataset;
    dataset.folder_ = folder;
    dataset.index_ = std::move(stored.index);
    for (const Segment& segment : dataset.index_.segments) {
      const std::filesystem::path path = segment_path(folder, segment.file);
      auto file = open_segment(path, segment.bytes);
      if (!file && attempt == kAttempts) {
        throw DatasetDamaged(folder, path.filename().string() + " does not exist");
      }
      if (!file) break;
      dataset.segments_.push_back(std::move(file));
    }
    if (dataset.segments_.size() == dataset.index_.segments.size()) return dataset;
  }
}

Image Dataset::load(const ImageRecord& record) const {
  Image image{record.width, record.height, {}};
  image.rgb.resize(std::size_t(record.width) * record.height * 3);
  std::size_t done = 0;
  while (done < image.rgb.size()) {
    const ssize_t n = ::pread(*segments_[record.segment], image.rgb.data() + done,
                              image.rgb.size() - done, record.offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) {
      fail("read", segment_path(folder_, index_.segments[record.segment].file));
    }
    done += n;
  }
  return image;
}

}  // namespace fovea
