#pragma once

#include <span>
#include <string>

#include "engine/core/tensor.h"

namespace fovea {

// Throws ShapeError that begins with `what` unless there is a label in [0, classes) for each row of
// scores {n, 1, 1, classes}, and at least one.
void check_labels(const std::string& what, const Tensor& scores, std::span<const int> labels);

}  // namespace fovea
