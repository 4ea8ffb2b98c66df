#include "engine/data/dataset_repair.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <optional>
#include <tuple>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/dataset.h"
#include "engine/data/dataset_change.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/dataset_lock.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

bool is_damaged(const fs::path& folder) {
  try {
    settle_change(folder, read_stored_index(folder));
    return false;
  } catch (const DatasetDamaged&) {
    return true;
  }
}

std::optional<DatasetIndex> read_if_possible(const fs::path& path) {
  try {
    return read_index(read_file(path));
  } catch (const UnknownIndexVersion&) {
    throw;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// Later changes of a dataset have larger values.
auto age_of(const DatasetIndex& index) {
  return std::tuple(index.next_file, index.segments.empty() ? 0 : index.segments.back().bytes,
                    newest_addition(index), index.images.size());
}

// Removes the segments that are shorter than the index says, with their images.
void drop_images_without_pixels(const fs::path& folder, DatasetIndex& index, RepairReport& report) {
  std::vector<ImageRecord> kept;
  std::vector<std::uint64_t> sizes;
  for (Segment& segment : index.segments) {
    std::error_code error;
    const std::uint64_t size = fs::file_size(segment_path(folder, segment.file), error);
    sizes.push_back(error ? 0 : size);
    segment.bytes = std::min(segment.bytes, sizes.back());
  }
  for (ImageRecord& image : index.images) {
    const std::uint64_t end = image.offset + std::uint64_t(image.width) * image.height * 3;
    if (end <= sizes[image.segment]) {
      kept.push_back(std::move(image));
    } else {
      report.lost.push_back(image.name);
    }
  }
  index.images = std::move(kept);
  std::vector<std::uint32_t> new_number(index.segments.size());
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < index.segments.size(); ++i) {
    new_number[i] = static_cast<std::uint32_t>(segments.size());
    if (sizes[i] > 0) segments.push_back(index.segments[i]);
  }
  for (ImageRecord& image : index.images) image.segment = new_number[image.segment];
  index.segments = std::move(segments);
  remove_empty_classes(index);
}

// The folder that the report names, created at the first use.
fs::path aside(const fs::path& folder, RepairReport& report) {
  if (report.set_aside.empty()) {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    char text[32];
    std::strftime(text, sizeof text, "damaged-%Y%m%dT%H%M%SZ", &utc);
    report.set_aside = folder / text;
    create_folders(report.set_aside);
  }
  return report.set_aside;
}

void copy_tail(const fs::path& from, std::uint64_t offset, const fs::path& to) {
  std::ifstream in(from, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  out << in.rdbuf();
  out.close();
  if (!out) throw_io_error("cannot write " + to.string());
}

void set_unnamed_aside(const fs::path& folder, const DatasetIndex& index, RepairReport& report) {
  UnnamedPixels unnamed = unnamed_pixels(folder, index);
  unnamed.files.insert(unnamed.files.end(), unnamed.obsolete.begin(), unnamed.obsolete.end());
  for (const fs::path& path : unnamed.files) {
    report.set_aside_bytes += static_cast<std::int64_t>(fs::file_size(path));
    fs::rename(path, aside(folder, report) / path.filename());
  }
  for (const Segment& tail : unnamed.tails) {
    const fs::path path = segment_path(folder, tail.file);
    report.set_aside_bytes += static_cast<std::int64_t>(fs::file_size(path) - tail.bytes);
    copy_tail(
        path, tail.bytes,
        aside(folder, report) / (path.filename().string() + "-from-" + std::to_string(tail.bytes)));
    fs::resize_file(path, tail.bytes);
  }
}

// The pixel files keep their numbers, and new ones must not reuse that of one set aside.
std::uint32_t next_number(const fs::path& folder, std::uint32_t next) {
  for (const fs::path& path : unnamed_pixels(folder, {}).files) {
    const std::string name = path.filename().string();
    next =
        std::max(next, static_cast<std::uint32_t>(std::stoul(name.substr(name.find('-') + 1))) + 1);
  }
  return next;
}

}  // namespace

RepairReport repair_dataset(const fs::path& folder, std::chrono::milliseconds timeout) {
  if (!fs::is_directory(folder)) throw IoError("there is no dataset in " + folder.string());
  const DatasetLock lock(folder, timeout);
  RepairReport report;
  report.damaged = is_damaged(folder);
  const fs::path index_file = index_path(folder), copy_file = index_copy_path(folder);
  const auto original = read_if_possible(index_file), copy = read_if_possible(copy_file);
  if (!report.damaged) {
    report.source = "index";
    report.images = original ? static_cast<std::int64_t>(original->images.size()) : 0;
    return report;
  }
  DatasetIndex index;
  if (copy && (!original || age_of(*copy) > age_of(*original))) {
    index = *copy;
    report.source = "index.copy";
  } else if (original) {
    index = *original;
    report.source = "index";
  }
  index.next_file = next_number(folder, index.next_file);
  drop_images_without_pixels(folder, index, report);
  set_unnamed_aside(folder, index, report);
  if (fs::exists(index_file)) fs::copy_file(index_file, aside(folder, report) / "index");
  const auto bytes = write_index(index);
  write_file_atomically(copy_file, bytes);
  write_file_atomically(index_file, bytes);
  end_change(folder);
  report.images = static_cast<std::int64_t>(index.images.size());
  return report;
}

}  // namespace fovea
