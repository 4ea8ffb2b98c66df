#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/image/image.h"

namespace fovea {

using ContentHash = std::array<std::uint8_t, 32>;  // sha256 of the original file's bytes
std::string to_hex(const ContentHash& hash);
std::string to_string(Split split);  // "train", "val", "test"

// What the index knows of one picture; its pixels are read when asked for.
struct Picture {
  ContentHash hash{};
  int label = 0;               // index into classes()
  Split split = Split::train;  // never changes once stored
  int width = 0, height = 0;   // as stored, pixels
  std::string name;            // the original file, as the source named it
  std::uint32_t segment = 0;   // file pixels-<segment> ...
  std::uint64_t offset = 0;    // ... from this byte on: {height, width, 3}
};

struct DatasetIndex {
  std::vector<std::string> classes;
  std::vector<Picture> pictures;             // sorted by hash, hashes differ
  std::vector<std::uint64_t> segment_bytes;  // {segments}, length of each pixel file

  // sha256 over the sorted lines "<hash> <class> <split>\n", 64 hex digits: names the contents.
  std::string revision() const;
};

// Both ends of docs/dataset-format.md. Reading throws FormatError: no length is trusted.
std::vector<std::uint8_t> write_index(const DatasetIndex& index);
DatasetIndex read_index(const std::vector<std::uint8_t>& bytes);

std::filesystem::path index_path(const std::filesystem::path& folder);
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t segment);

// A stored dataset, read only: labelled pictures, decoded once, in one folder. An import replaces
// the index and never touches a pixel file in use, so an open Dataset stays what it was.
// All members are const and may be called from many threads.
class Dataset {
 public:
  // Throws IoError when there is none, FormatError when its files are damaged.
  static Dataset open(const std::filesystem::path& folder);
  static bool exists(const std::filesystem::path& folder);

  const DatasetIndex& index() const { return index_; }
  const std::vector<std::string>& classes() const { return index_.classes; }
  const std::vector<Picture>& pictures() const { return index_.pictures; }
  std::string revision() const { return index_.revision(); }
  Image load(const Picture& picture) const;  // throws IoError

 private:
  Dataset() = default;
  std::filesystem::path folder_;
  DatasetIndex index_;
  std::vector<std::shared_ptr<const int>> segments_;  // open files, closed with the last owner
};

}  // namespace fovea
