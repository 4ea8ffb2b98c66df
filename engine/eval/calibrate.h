#pragma once

#include <span>

#include "engine/core/tensor.h"

namespace fovea {

// Temperature scaling (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks",
// ICML 2017, section 4.2): the T in [0.05, 20] that minimises the negative log-likelihood of
// softmax(logits / T) on held-out pictures. Accuracy does not change.
// logits: {n, 1, 1, classes}; labels: n numbers in [0, classes). Throws ShapeError when the sizes
// do not match, n is 0 or a label is out of range.
float fit_temperature(const Tensor& logits, std::span<const int> labels);

}  // namespace fovea
