#include "engine/data/dataset_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/file.h"
#include "engine/data/dataset_edit.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

void fsync_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  errno = reason;
  if (!done) throw_io_error("cannot fsync " + path.string());
}

// After a failed write, while errno is still that of the write.
[[noreturn]] void fail_writing(const fs::path& path) {
  throw_io_error("cannot write " + path.string());
}

// Removes the pixel files without an image from the index.
void drop_empty_segments(DatasetIndex& index) {
  std::vector<bool> used(index.segments.size());
  for (const ImageRecord& image : index.images) used[image.segment] = true;
  std::vector<std::uint32_t> new_number(index.segments.size());
  std::vector<Segment> kept;
  for (std::size_t i = 0; i < used.size(); ++i) {
    new_number[i] = static_cast<std::uint32_t>(kept.size());
    if (used[i]) kept.push_back(index.segments[i]);
  }
  for (ImageRecord& image : index.images) image.segment = new_number[image.segment];
  index.segments = std::move(kept);
}

}  // namespace

std::uint64_t pixel_bytes(const DatasetIndex& index) {
  std::uint64_t bytes = 0;
  for (const Segment& segment : index.segments) bytes += segment.bytes;
  return bytes;
}

std::uint64_t unreferenced_pixel_bytes(const DatasetIndex& index) {
  std::uint64_t referenced = 0;
  for (const ImageRecord& image : index.images) {
    referenced += std::uint64_t(image.width) * image.height * 3;
  }
  const std::uint64_t all = pixel_bytes(index);
  return all - std::min(referenced, all);
}

DatasetWriter::DatasetWriter(const fs::path& folder, std::chrono::milliseconds lock_timeout,
                             ChangeNote note)
    : folder_(folder), lock_(folder, lock_timeout), note_(std::move(note)) {
  StoredIndex stored = read_stored_index(folder_);
  settle_change(folder_, stored);
  index_ = std::move(stored.index);
  index_digest_ = std::move(stored.digest);
}

DatasetWriter::~DatasetWriter() {
  if (!begun_ || committed_) return;
  std::error_code error;
  if (writing_) {
    pixels_.close();
    if (new_segment_) {
      fs::remove(pixel_path(), error);
    } else {
      fs::resize_file(pixel_path(), stored_bytes_, error);
    }
  }
  // Else the next writer undoes the change.
  if (!error && !compacting_) cancel_change(folder_);
}

void DatasetWriter::begin() {
  if (begun_) return;
  begin_change(folder_, index_digest_, note_);
  begun_ = true;
}

DatasetIndex& DatasetWriter::edit() {
  edited_ = true;
  return index_;
}

const ImageRecord* DatasetWriter::find(const ContentHash& hash) const {
  const auto found = added_by_hash_.find(hash);
  return found == added_by_hash_.end() ? index_.find(hash) : &added_[found->second];
}

void DatasetWriter::open_pixels() {
  new_segment_ = index_.segments.empty() || index_.segments.back().bytes >= kFullSegment;
  segment_ = new_segment_ ? Segment{index_.next_file, 0} : index_.segments.back();
  stored_bytes_ = segment_.bytes;
  begin();
  pixels_.open(pixel_path(), std::ios::binary | (new_segment_ ? std::ios::trunc : std::ios::app));
  if (!pixels_) fail_writing(pixel_path());
  writing_ = true;
}

void DatasetWriter::close_pixels() {
  pixels_.close();
  if (!pixels_) fail_writing(pixel_path());
  fsync_file(pixel_path());
}

void DatasetWriter::add(const ContentHash& hash, const std::string& name, const Image& image) {
  if (!writing_) open_pixels();
  ImageRecord record;
  record.hash = hash;
  record.width = image.width;
  record.height = image.height;
  record.name = name;
  record.segment = static_cast<std::uint32_t>(index_.segments.size() - (new_segment_ ? 0 : 1));
  record.offset = segment_.bytes;
  pixels_.write(reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size());
  if (!pixels_) fail_writing(pixel_path());
  segment_.bytes += image.rgb.size();
  added_by_hash_.emplace(hash, added_.size());
  added_.push_back(std::move(record));
}

std::int64_t DatasetWriter::new_timestamp() const {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const std::int64_t newest = newest_addition(index_);
  return now < newest ? newest + 1 : now;
}

void DatasetWriter::commit(std::vector<std::string> classes) {
  if (added_.empty() && !edited_) return;
  begin();
  index_.classes = std::move(classes);
  if (!added_.empty()) {
    close_pixels();
    if (new_segment_) index_.segments.emplace_back();
    index_.segments.back() = segment_;
    index_.next_file = std::max(index_.next_file, segment_.file + 1);
    for (const ImageRecord& image : added_) index_.removed.erase(image.hash);
    index_.images.insert(index_.images.end(), added_.begin(), added_.end());
    std::sort(index_.images.begin(), index_.images.end(),
              [](const ImageRecord& a, const ImageRecord& b) { return a.hash < b.hash; });
  }
  if (edited_) {
    remove_empty_classes(index_);
    drop_empty_segments(index_);
    if (unreferenced_pixel_bytes(index_) > pixel_bytes(index_) / 2) compact_if_possible();
  }
  // Set first: the write may fail after the rename, and then the new index needs the pixel files.
  committed_ = true;
  const std::vector<std::uint8_t> bytes = write_index(index_);
  write_file_atomically(index_path(folder_), bytes);
  remove_obsolete();
  write_copy(bytes);
  end_change(folder_);
}

// Of files that compact() has copied.
void DatasetWriter::remove_obsolete() const {
  std::error_code ignored;  // the next writer removes them
  for (const fs::path& path : unnamed_pixels(folder_, index_).obsolete) fs::remove(path, ignored);
}

// For repair_dataset(). The change is complete without it, so it is neither flushed nor an error.
void DatasetWriter::write_copy(const std::vector<std::uint8_t>& bytes) const {
  const fs::path temporary = folder_ / ".index.copy";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code ignored;
  fs::permissions(temporary, static_cast<fs::perms>(new_file_mode()), ignored);
  if (out) {
    fs::rename(temporary, index_copy_path(folder_), ignored);
  } else {
    fs::remove(temporary, ignored);
  }
}

// A full disk must not prevent the removal of images.
void DatasetWriter::compact_if_possible() {
  const DatasetIndex before = index_;
  try {
    compact();
  } catch (const DiskFull&) {
    index_ = before;
    for (const fs::path& path : unnamed_pixels(folder_, index_).files) fs::remove(path);
  }
}

// Copies the referenced pixels, in file order, to new files.
void DatasetWriter::compact() {
  compacting_ = true;
  std::vector<std::size_t> order(index_.images.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const ImageRecord &x = index_.images[a], &y = index_.images[b];
    return std::pair(x.segment, x.offset) < std::pair(y.segment, y.offset);
  });
  std::vector<Segment> segments;
  std::ofstream out;
  std::ifstream in;
  std::uint32_t open_segment = 0;
  std::vector<char> pixels;
  const auto path_of = [&](const Segment& segment) { return segment_path(folder_, segment.file); };
  const auto finish = [&] {
    if (segments.empty()) return;
    out.close();
    if (!out) fail_writing(path_of(segments.back()));
    fsync_file(path_of(segments.back()));
  };
  for (const std::size_t i : order) {
    ImageRecord& image = index_.images[i];
    if (segments.empty() || segments.back().bytes >= kFullSegment) {
      finish();
      segments.push_back({index_.next_file++, 0});
      out.open(path_of(segments.back()), std::ios::binary | std::ios::trunc);
    }
    if (!in.is_open() || open_segment != image.segment) {
      in = std::ifstream(path_of(index_.segments[image.segment]), std::ios::binary);
      open_segment = image.segment;
    }
    pixels.resize(std::size_t(image.width) * image.height * 3);
    in.seekg(image.offset);
    in.read(pixels.data(), pixels.size());
    if (!in) throw IoError("cannot read " + path_of(index_.segments[image.segment]).string());
    out.write(pixels.data(), pixels.size());
    if (!out) fail_writing(path_of(segments.back()));
    image.segment = static_cast<std::uint32_t>(segments.size() - 1);
    image.offset = segments.back().bytes;
    segments.back().bytes += pixels.size();
  }
  finish();
  index_.segments = std::move(segments);
}

}  // namespace fovea
