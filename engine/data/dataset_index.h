#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {

enum class Split : std::uint8_t { train, val, test };
std::string to_string(Split split);          // "train", "val", "test"
Split parse_split(const std::string& name);  // throws FormatError for another name

using ContentHash = std::array<std::uint8_t, 32>;             // sha256 of the original file's bytes
std::optional<ContentHash> parse_hash(std::string_view hex);  // inverse of to_hex() in core/text.h

// How an image got its label: imported from a folder or archive, uploaded, or corrected, that is,
// labelled in answer to a prediction or relabelled.
enum class Origin : std::uint8_t { import, upload, correction };
std::string to_string(Origin origin);  // "import", "upload", "correction"

// The index entry of one image. Its pixels stay on disk.
struct ImageRecord {
  ContentHash hash{};
  int label = 0;               // index into classes
  Split split = Split::train;  // never changes once stored
  int width = 0, height = 0;   // as stored, pixels
  std::string name;            // the original file, as the source named it
  std::uint32_t segment = 0;   // index of the segment with its pixels
  std::uint64_t offset = 0;    // of the pixels {height, width, 3} in the segment, bytes
  std::int64_t added_at = 0;   // when it got this label: seconds since 1970, UTC
  Origin origin = Origin::import;
};

// A pixel file: pixels-<file>, of which the first `bytes` bytes belong to the dataset.
struct Segment {
  std::uint32_t file = 0;
  std::uint64_t bytes = 0;
};

// The contents of a dataset's index file. Implemented in dataset_index.cpp.
struct DatasetIndex {
  std::vector<std::string> classes;  // each has at least one image
  std::vector<ImageRecord> images;   // sorted by hash, without duplicates
  std::vector<Segment> segments;     // sorted by file
  std::uint32_t next_file = 0;       // the next unused number of a pixel file
  // Splits of removed images. An image that is added again returns to its split, because a model
  // may have been trained on it.
  std::map<ContentHash, Split> removed;

  const ImageRecord* find(const ContentHash& hash) const;  // nullptr when it is not stored
  // Identifies the contents: sha256, as 64 hex digits, over the sorted lines
  // "<hash> <class> <split>\n".
  std::string revision() const;
  // The largest added_at among the images that this revision has: all, or all but those that were
  // added last, at up to 32 times. nullopt when none of these sets has the revision, for example
  // because labels were changed since.
  std::optional<std::int64_t> time_of_revision(const std::string& revision) const;
};

// The largest added_at; 0 without images.
std::int64_t newest_addition(const DatasetIndex& index);

// The index was written by another version of this program.
class UnknownIndexVersion : public FormatError {
 public:
  using FormatError::FormatError;
};

// The index file (docs/dataset-format.md). Reading throws FormatError; no length is trusted.
std::vector<std::uint8_t> write_index(const DatasetIndex& index);
DatasetIndex read_index(const std::vector<std::uint8_t>& bytes);

std::filesystem::path index_path(const std::filesystem::path& folder);
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t file);

}  // namespace fovea
