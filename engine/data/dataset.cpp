#include "engine/data/dataset.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace fovea {
namespace {

[[noreturn]] void fail(const std::string& action, const std::filesystem::path& path) {
  throw IoError("cannot " + action + " " + path.string() + ": " + std::strerror(errno));
}

// Null when the file is not there.
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
    throw FormatError(path.string() + " has " + std::to_string(info.st_size) +
                      " bytes, the index says " + std::to_string(bytes));
  }
  return file;
}

}  // namespace

std::string to_string(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::val:
      return "val";
    case Split::test:
      return "test";
  }
  throw std::logic_error("split " + std::to_string(static_cast<int>(split)) + " does not exist");
}

std::string to_string(Origin origin) {
  switch (origin) {
    case Origin::import:
      return "import";
    case Origin::upload:
      return "upload";
    case Origin::correction:
      return "correction";
  }
  throw std::logic_error("origin " + std::to_string(static_cast<int>(origin)) + " does not exist");
}

std::optional<ContentHash> parse_hash(std::string_view hex) {
  ContentHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    hash[i / 2] = static_cast<std::uint8_t>(hash[i / 2] << 4 | digit);
  }
  return hash;
}

std::filesystem::path index_path(const std::filesystem::path& folder) {
  return folder / "index";
}

std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t file) {
  return folder / ("pixels-" + std::to_string(file));
}

bool Dataset::exists(const std::filesystem::path& folder) {
  std::error_code ec;
  return std::filesystem::is_regular_file(index_path(folder), ec);
}

Dataset Dataset::open(const std::filesystem::path& folder) {
  // A writer that moves the pixels to new files removes the old ones once the new index is there:
  // between our reading the index and opening its files. Then the next index is complete.
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    if (!exists(folder)) throw IoError("there is no dataset in " + folder.string());
    Dataset dataset;
    dataset.folder_ = folder;
    dataset.index_ = read_index(read_file(index_path(folder)));
    for (const Segment& segment : dataset.index_.segments) {
      const std::filesystem::path path = segment_path(folder, segment.file);
      auto file = open_segment(path, segment.bytes);
      if (!file && attempt == kAttempts) throw IoError("there is no " + path.string());
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
                              image.rgb.size() - done, static_cast<off_t>(record.offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) {
      fail("read", segment_path(folder_, index_.segments[record.segment].file));
    }
    done += static_cast<std::size_t>(n);
  }
  return image;
}

}  // namespace fovea
