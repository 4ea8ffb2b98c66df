#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace fovea {

// Adds pictures to the dataset in a folder, which may be new. Their pixels go to a pixel file of
// their own; the new index, written by commit(), is what makes them part of the dataset. Until
// then, and after any crash, the dataset is the old one. One writer at a time holds the folder's
// lock.
class DatasetWriter {
 public:
  explicit DatasetWriter(const std::filesystem::path& folder);  // throws IoError when locked
  ~DatasetWriter();  // without commit(): what was written is removed
  DatasetWriter(const DatasetWriter&) = delete;
  DatasetWriter& operator=(const DatasetWriter&) = delete;

  const DatasetIndex& stored() const { return stored_; }

  // Name of the picture with this hash, stored before or added since; nullptr when it is new.
  const std::string* find(const ContentHash& hash) const;
  // The hash must be new.
  void add(const ContentHash& hash, const std::string& name, const Image& image);

  // What was added, in that order; label and split are for the caller to set before commit().
  std::vector<Picture>& added() { return added_; }
  // Stores the pictures added. `classes` begins with the stored ones, so that no label changes.
  void commit(std::vector<std::string> classes);

 private:
  std::filesystem::path pixel_path() const;

  std::filesystem::path folder_;
  int lock_ = -1;
  DatasetIndex stored_;
  std::vector<Picture> added_;
  std::map<ContentHash, std::string> names_;
  std::ofstream pixels_;
  std::uint64_t pixel_bytes_ = 0;
  bool committed_ = false;
};

}  // namespace fovea
