#pragma once

#include <string>
#include <vector>

#include "engine/model/spec.h"

namespace fovea {

// The predefined networks:
//   tiny   conv 16-32-64, global average pooling: trains in seconds
//   small  conv 32-32-64-64-128-128, dense 256-128: 0.85 M parameters at size 32
std::vector<std::string> preset_names();

// Input {size, size, 3}, `classes` logits. `dropout` multiplies the dropout rates of the preset
// (0 = none). Throws ConfigError for an unknown name, size < 8, classes < 2, or a factor with which
// a rate is not in 0 <= rate < 1.
NetworkSpec preset_network(const std::string& name, int size, int classes, float dropout = 1);

}  // namespace fovea
