#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/text.h"
#include "engine/data/training_set.h"
#include "engine/image/image.h"

namespace fovea {

using ContentHash = std::array<std::uint8_t, 32>;             // sha256 of the original file's bytes
std::optional<ContentHash> parse_hash(std::string_view hex);  // inverse of to_hex() in core/text.h
std::string to_string(Split split);                           // "train", "val", "test"

// How an image came by its label: read from a folder or archive, uploaded, or corrected, that is,
// the right answer to a prediction or another label than it came with.
enum class Origin : std::uint8_t { import, upload, correction };
std::string to_string(Origin origin);  // "import", "upload", "correction"

// What the index knows of one image; its pixels are read when asked for.
struct ImageRecord {
  ContentHash hash{};
  int label = 0;               // index into classes()
  Split split = Split::train;  // never changes once stored
  int width = 0, height = 0;   // as stored, pixels
  std::string name;            // the original file, as the source named it
  std::uint32_t segment = 0;   // which of the index's segments ...
  std::uint64_t offset = 0;    // ... from this byte on: {height, width, 3}
  std::int64_t added_at = 0;   // seconds since 1970, UTC: since then it has this label
  Origin origin = Origin::import;
};

// A pixel file: pixels-<file>, of which the first `bytes` bytes belong to the dataset.
struct Segment {
  std::uint32_t file = 0;
  std::uint64_t bytes = 0;
};

struct DatasetIndex {
  std::vector<std::string> classes;  // each has an image
  std::vector<ImageRecord> images;   // sorted by hash, hashes differ
  std::vector<Segment> segments;     // sorted by file
  std::uint32_t next_file = 0;       // no pixel file had this number yet
  // Images that were taken out: should one come back, it goes where it was, for a model may have
  // been trained on it.
  std::map<ContentHash, Split> removed;

  const ImageRecord* find(const ContentHash& hash) const;  // nullptr when it is not there
  // sha256 over the sorted lines "<hash> <class> <split>\n", 64 hex digits: names the contents.
  std::string revision() const;
};

// The largest added_at; 0 without images.
std::int64_t newest_addition(const DatasetIndex& index);

// Both ends of docs/dataset-format.md. Reading throws FormatError: no length is trusted.
std::vector<std::uint8_t> write_index(const DatasetIndex& index);
DatasetIndex read_index(const std::vector<std::uint8_t>& bytes);

std::filesystem::path index_path(const std::filesystem::path& folder);
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t file);

// A stored dataset, read only: labelled images, decoded once, in one folder. A writer replaces
// the index and never touches a byte of a pixel file that an index names, so an open Dataset stays
// what it was. All members are const and may be called from many threads.
class Dataset {
 public:
  // Throws IoError when there is none, FormatError when its files are damaged.
  static Dataset open(const std::filesystem::path& folder);
  static bool exists(const std::filesystem::path& folder);
  Dataset() = default;  // without any image

  const DatasetIndex& index() const { return index_; }
  const std::vector<std::string>& classes() const { return index_.classes; }
  const std::vector<ImageRecord>& images() const { return index_.images; }
  std::string revision() const { return index_.revision(); }
  Image load(const ImageRecord& image) const;  // throws IoError

 private:
  std::filesystem::path folder_;
  DatasetIndex index_;
  std::vector<std::shared_ptr<const int>> segments_;  // open files, closed with the last owner
};

}  // namespace fovea
