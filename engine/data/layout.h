#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/training_set.h"

namespace fovea {

// What an image's place in a folder tree says about it.
struct Place {
  std::string class_name;
  std::optional<Split> split;
};

// Reads the tree from its paths ("a/b/c.jpg", of images only): class/file, or split/class/file
// where split is train, val (valid, validation) or test. Folders around everything are skipped.
// One answer per path; none for a path that fits neither form.
std::vector<std::optional<Place>> read_layout(const std::vector<std::string>& paths);

// Valid UTF-8 of 1 to 200 bytes without control characters: class names travel in model files, in
// JSON and to terminals.
bool is_class_name(const std::string& name);

}  // namespace fovea
