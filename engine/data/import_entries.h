#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset_index.h"

namespace fovea {

// One file of a source during an import, or one record of a CIFAR-10 batch.
struct ImportEntry {
  std::string path;
  std::int64_t number = 0;           // of the file in the source
  bool by_path = false;              // the path determines class and split
  std::optional<std::string> label;  // the class, as parse_class_name() returns it
  std::optional<Split> split;
  std::string problem;  // why the file is rejected; empty otherwise
  ContentHash hash{};   // unless it could not be decoded
};

// Sets label and split of the entries that are placed by path. All of them count, even those with a
// problem, so that the meaning of a path does not depend on the other files. An entry without a
// class gets a problem. `exported`: the source is an exported dataset.
void place_entries(std::vector<ImportEntry>& entries, bool exported);

// The positions of the entries without a problem, grouped by hash. The first of a group is the one
// that is kept: of files placed by path, the first by class, then split (test, val, train), then
// path, whatever order the source has; otherwise the first in the source.
std::vector<std::vector<std::size_t>> group_same_images(const std::vector<ImportEntry>& entries);

}  // namespace fovea
