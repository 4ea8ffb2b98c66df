#pragma once

#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

// -log p of the label of each image, with p = softmax(logits / temperature), at least 2^-23.
// logits {n, 1, 1, classes}, labels {n}.
std::vector<double> log_losses(const Tensor& logits, const std::vector<int>& labels,
                               float temperature);

double mean_of(const std::vector<double>& values);  // 0 without values

// Whether `losses` are lower than those of the same images in `others` by more than the standard
// error of the mean difference: with few images, smaller differences are chance.
bool clearly_lower(const std::vector<double>& losses, const std::vector<double>& others);

}  // namespace fovea
