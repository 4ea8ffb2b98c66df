#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/dataset_change.h"
#include "engine/data/dataset_lock.h"

namespace fovea {

// Changes the dataset in a folder, which may be new: adds images, and edits the entries of stored
// ones. The changes become part of the dataset when commit() replaces the index; until then, and
// after a crash at any point, the dataset is unchanged. Holds the dataset's lock.
class DatasetWriter {
 public:
  // New pixels are appended to the last pixel file while it is smaller than this, else written to a
  // new one, so that images that come one at a time share files.
  static constexpr std::uint64_t kFullSegment = 64 << 20;

  // Waits at most `lock_timeout` for another writer, then throws DatasetBusy. Ends or undoes a
  // change that a crash interrupted. Throws IoError, DatasetDamaged.
  explicit DatasetWriter(const std::filesystem::path& folder,
                         std::chrono::milliseconds lock_timeout = {}, ChangeNote note = {});
  ~DatasetWriter();  // without commit(): removes the pixels that were written
  DatasetWriter(const DatasetWriter&) = delete;
  DatasetWriter& operator=(const DatasetWriter&) = delete;

  const DatasetIndex& index() const { return index_; }
  // The added_at for images that this commit adds or relabels: the current time, but later than
  // every stored one even if the clock was set back.
  std::int64_t new_timestamp() const;
  // The index, for changing labels and classes and for removing images. commit() then drops empty
  // classes, and compacts the pixel files when more than half of their bytes are unreferenced.
  DatasetIndex& edit();

  // The image with this hash, stored earlier or added by this writer; nullptr when there is none.
  // Valid until the next change.
  const ImageRecord* find(const ContentHash& hash) const;
  // REQUIRES: find(hash) == nullptr
  void add(const ContentHash& hash, const std::string& name, const Image& image);

  // The images added so far, in that order. The caller sets label, split, origin and added_at
  // before commit().
  std::vector<ImageRecord>& added() { return added_; }
  // Stores the added images and the edits. `classes` begins with those of index().
  void commit(std::vector<std::string> classes);

 private:
  std::filesystem::path pixel_path() const { return segment_path(folder_, segment_.file); }
  void begin();  // before the first change of a file
  void remove_obsolete() const;
  void write_copy(const std::vector<std::uint8_t>& bytes) const;
  void open_pixels();
  void close_pixels();
  void compact_if_possible();
  void compact();

  std::filesystem::path folder_;
  DatasetLock lock_;
  const ChangeNote note_;
  DatasetIndex index_;
  std::string index_digest_;  // of the stored index
  bool edited_ = false;
  std::vector<ImageRecord> added_;
  std::map<ContentHash, std::size_t> added_by_hash_;
  Segment segment_;                 // the one that new pixels are written to
  bool new_segment_ = false;        // whether segment_ is not in the index yet
  std::uint64_t stored_bytes_ = 0;  // of segment_ before anything was added
  std::ofstream pixels_;
  bool begun_ = false;
  bool compacting_ = false;
  bool writing_ = false;
  bool committed_ = false;
};

// Bytes in the pixel files of the index: those that no image refers to, and all.
std::uint64_t unreferenced_pixel_bytes(const DatasetIndex& index);
std::uint64_t pixel_bytes(const DatasetIndex& index);

}  // namespace fovea
