#pragma once

#include "engine/core/scalar.h"

namespace fovea::kernels {

// What a kernel applies to its outputs before it stores them: nothing, max(y, 0), or
// min(max(y, 0), 6). NaN becomes 0 in the latter two, as in the layers ReLU and ReLU6.
enum class Activation { none, relu, relu6 };

// The same as numbers, for files that are compiled once per instruction set: low <= y <= high, and
// `low` for NaN. No inline functions here, see direct_conv.h.
struct OutputRange {
  bool limited;  // false: any y
  Scalar low, high;
};
OutputRange output_range(Activation activation);

}  // namespace fovea::kernels
