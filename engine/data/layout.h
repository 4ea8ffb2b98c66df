#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset_index.h"

namespace fovea {

// The class and split that a path stands for.
struct Placement {
  std::string class_name;  // as in the path; empty if there is a problem
  std::optional<Split> split;
  std::string problem;  // why the file has no class, or empty
};

// Determines the placement of each file of a folder tree ("a/b/c.jpg") by the rules in
// docs/dataset-format.md. It depends on the paths only, so pass those of all files, readable or
// not, without those that is_junk_file() names. `exported`: the tree is an exported dataset, so
// that a folder named by a date is a class.
std::vector<Placement> read_layout(const std::vector<std::string>& paths, bool exported = false);

}  // namespace fovea
