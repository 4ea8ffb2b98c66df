#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/dataset_lock.h"

namespace fovea {

// Changes the dataset in a folder, which may be new: adds images, and edits what the index says
// of stored ones. The new index, written by commit(), is what makes the changes part of the
// dataset. Until then, and after any crash, the dataset is the old one. One writer at a time.
class DatasetWriter {
 public:
  // New pixels go behind those of the last pixel file while it is smaller than this, else to a new
  // one: images that come one by one do not make a file each.
  static constexpr std::uint64_t kFullSegment = 64 << 20;

  // Waits for another writer for at most `patience`, then throws DatasetBusy. Throws IoError.
  explicit DatasetWriter(const std::filesystem::path& folder,
                         std::chrono::milliseconds patience = {});
  ~DatasetWriter();  // without commit(): what was written is removed
  DatasetWriter(const DatasetWriter&) = delete;
  DatasetWriter& operator=(const DatasetWriter&) = delete;

  const DatasetIndex& index() const { return index_; }
  // What added_at is to be of images that this commit adds or gives another label: now, or, when
  // the clock was set back, later than any that is stored.
  std::int64_t stamp() const;
  // For changing labels and classes, and for taking images out; commit() then drops classes
  // without an image, and moves the pixels to new files when more than half of them are nobody's.
  DatasetIndex& edit();

  // The image with this hash, stored before or added since; nullptr when it is new. Valid until
  // the next change.
  const ImageRecord* find(const ContentHash& hash) const;
  // The hash must be new.
  void add(const ContentHash& hash, const std::string& name, const Image& image);

  // What was added, in that order; label, split, origin and added_at are for the caller to set
  // before commit().
  std::vector<ImageRecord>& added() { return added_; }
  // Stores the images added and the edits. `classes` begins with those of index().
  void commit(std::vector<std::string> classes);

 private:
  std::filesystem::path pixel_path() const { return segment_path(folder_, segment_.file); }
  void remove_leftovers() const;
  void open_pixels();
  void close_pixels();
  void compact();

  std::filesystem::path folder_;
  DatasetLock lock_;
  DatasetIndex index_;
  bool edited_ = false;
  std::vector<ImageRecord> added_;
  std::map<ContentHash, std::size_t> added_by_hash_;
  Segment segment_;                 // the one that new pixels go to
  bool new_segment_ = false;        // not one of the index
  std::uint64_t stored_bytes_ = 0;  // of segment_, before anything was added
  std::ofstream pixels_;
  bool writing_ = false;
  bool committed_ = false;
};

// What is nobody's in the pixel files of the index, and what they hold: bytes.
std::uint64_t dead_pixel_bytes(const DatasetIndex& index);
std::uint64_t all_pixel_bytes(const DatasetIndex& index);

}  // namespace fovea
