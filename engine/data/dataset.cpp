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

std::shared_ptr<const int> open_segment(const std::filesystem::path& path, std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
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

std::string to_hex(const ContentHash& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : hash) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string to_string(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::val:
      return "val";
    case Split::test:
      return "test";
  }
  throw ShapeError("split " + std::to_string(static_cast<int>(split)) + " does not exist");
}

std::filesystem::path index_path(const std::filesystem::path& folder) {
  return folder / "index";
}

std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t segment) {
  return folder / ("pixels-" + std::to_string(segment));
}

bool Dataset::exists(const std::filesystem::path& folder) {
  std::error_code ec;
  return std::filesystem::is_regular_file(index_path(folder), ec);
}

Dataset Dataset::open(const std::filesystem::path& folder) {
  if (!exists(folder)) throw IoError("there is no dataset in " + folder.string());
  Dataset dataset;
  dataset.folder_ = folder;
  dataset.index_ = read_index(read_file(index_path(folder)));
  for (std::uint32_t i = 0; i < dataset.index_.segment_bytes.size(); ++i) {
    dataset.segments_.push_back(
        open_segment(segment_path(folder, i), dataset.index_.segment_bytes[i]));
  }
  return dataset;
}

Image Dataset::load(const Picture& picture) const {
  Image image{picture.width, picture.height, {}};
  image.rgb.resize(std::size_t(picture.width) * picture.height * 3);
  std::size_t done = 0;
  while (done < image.rgb.size()) {
    const ssize_t n = ::pread(*segments_[picture.segment], image.rgb.data() + done,
                              image.rgb.size() - done, static_cast<off_t>(picture.offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) fail("read", segment_path(folder_, picture.segment));
    done += static_cast<std::size_t>(n);
  }
  return image;
}

}  // namespace fovea
