#include "engine/data/dataset_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace fovea {
namespace {

int lock_folder(const std::filesystem::path& folder) {
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) throw IoError("cannot create folder " + folder.string() + ": " + ec.message());
  const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw IoError("cannot open " + (folder / "lock").string() + ": " + std::strerror(errno));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    throw IoError("another import into " + folder.string() + " is running");
  }
  return fd;
}

void fsync_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::fsync(fd) == 0;
  const std::string reason = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  if (!done) throw IoError("cannot fsync " + path.string() + ": " + reason);
}

}  // namespace

DatasetWriter::DatasetWriter(const std::filesystem::path& folder)
    : folder_(folder), lock_(lock_folder(folder)) {
  try {
    if (Dataset::exists(folder_)) stored_ = read_index(read_file(index_path(folder_)));
    pixels_.open(pixel_path(), std::ios::binary | std::ios::trunc);
    if (!pixels_) throw IoError("cannot create " + pixel_path().string());
  } catch (...) {
    ::close(lock_);
    throw;
  }
  for (const Picture& picture : stored_.pictures) names_.emplace(picture.hash, picture.name);
}

DatasetWriter::~DatasetWriter() {
  std::error_code ignored;
  pixels_.close();
  if (!committed_) std::filesystem::remove(pixel_path(), ignored);
  if (!Dataset::exists(folder_)) {
    std::filesystem::remove(folder_ / "lock", ignored);
    std::filesystem::remove(folder_, ignored);
  }
  ::close(lock_);
}

std::filesystem::path DatasetWriter::pixel_path() const {
  return segment_path(folder_, static_cast<std::uint32_t>(stored_.segment_bytes.size()));
}

const std::string* DatasetWriter::find(const ContentHash& hash) const {
  const auto found = names_.find(hash);
  return found == names_.end() ? nullptr : &found->second;
}

void DatasetWriter::add(const ContentHash& hash, const std::string& name, const Image& image) {
  Picture picture;
  picture.hash = hash;
  picture.width = image.width;
  picture.height = image.height;
  picture.name = name;
  picture.segment = static_cast<std::uint32_t>(stored_.segment_bytes.size());
  picture.offset = pixel_bytes_;
  pixels_.write(reinterpret_cast<const char*>(image.rgb.data()),
                static_cast<std::streamsize>(image.rgb.size()));
  if (!pixels_) throw IoError("cannot write " + pixel_path().string() + ": is the disk full?");
  pixel_bytes_ += image.rgb.size();
  names_.emplace(hash, name);
  added_.push_back(std::move(picture));
}

void DatasetWriter::commit(std::vector<std::string> classes) {
  if (added_.empty()) return;
  pixels_.close();
  if (!pixels_) throw IoError("cannot write " + pixel_path().string() + ": is the disk full?");
  fsync_file(pixel_path());
  DatasetIndex index = stored_;
  index.classes = std::move(classes);
  index.segment_bytes.push_back(pixel_bytes_);
  index.pictures.insert(index.pictures.end(), added_.begin(), added_.end());
  std::sort(index.pictures.begin(), index.pictures.end(),
            [](const Picture& a, const Picture& b) { return a.hash < b.hash; });
  // The write may fail after the rename; the pixel file must then be there.
  committed_ = true;
  write_file_atomically(index_path(folder_), write_index(index));
}

}  // namespace fovea
