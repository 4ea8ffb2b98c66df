#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset_index.h"

namespace fovea {

// The class and split that a path stands for.
struct Placement {
  std::string class_name;
  std::optional<Split> split;
};

// Determines the placement of each path of a folder tree ("a/b/c.jpg", images only). The forms are
// class/file and split/class/file, where split is train, val (valid, validation) or test; folders
// that contain everything are skipped. Nothing for a path of another form.
std::vector<std::optional<Placement>> read_layout(const std::vector<std::string>& paths);

// Whether it is valid UTF-8 of 1 to 200 bytes without control characters: class names are stored in
// model files, sent as JSON and printed to terminals.
bool is_class_name(const std::string& name);

}  // namespace fovea
