#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/data/dataset_index.h"
#include "engine/image/image.h"

namespace fovea {

// A stored dataset, read only: labelled images, decoded once, in one folder. A writer replaces the
// index and never changes a byte of a pixel file that an index refers to, so an open Dataset keeps
// its contents. All members are const and thread-safe.
class Dataset {
 public:
  // Throws IoError when there is none, DatasetDamaged (dataset_change.h) when its files are
  // damaged.
  static Dataset open(const std::filesystem::path& folder);
  static bool exists(const std::filesystem::path& folder);
  Dataset() = default;  // empty

  const DatasetIndex& index() const { return index_; }
  const std::vector<std::string>& classes() const { return index_.classes; }
  const std::vector<ImageRecord>& images() const { return index_.images; }
  std::string revision() const { return index_.revision(); }
  Image load(const ImageRecord& image) const;  // throws IoError

 private:
  std::filesystem::path folder_;
  DatasetIndex index_;
  std::vector<std::shared_ptr<const int>>
      segments_;  // file descriptors, closed with the last owner
};

}  // namespace fovea
