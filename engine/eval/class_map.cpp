#include "engine/eval/class_map.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {

std::vector<int> map_classes(const std::vector<std::string>& names,
                             const std::vector<std::string>& classes) {
  std::vector<int> indices;
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) unknown.push_back(name);
    indices.push_back(static_cast<int>(found - classes.begin()));
  }
  if (unknown.empty()) return indices;
  throw ConfigError("the dataset has classes that the model does not know: " + join(unknown) +
                    " (the model knows: " + join(classes) + ")");
}

void match_classes(TrainingSet& set, const std::vector<std::string>& classes) {
  const std::vector<int> class_map = map_classes(set.classes, classes);
  for (int& label : set.labels) label = class_map[label];
  set.classes = classes;
}

}  // namespace fovea
