#pragma once

#include <string>
#include <vector>

#include "engine/data/training_set.h"

namespace fovea {

// The index of each name in `classes`. Throws ConfigError naming those that are missing there.
std::vector<int> map_classes(const std::vector<std::string>& names,
                             const std::vector<std::string>& classes);

// Renumbers the labels of the set by `classes`. Throws ConfigError naming the classes of the set
// that are not among them.
void match_classes(TrainingSet& set, const std::vector<std::string>& classes);

}  // namespace fovea
