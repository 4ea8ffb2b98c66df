#pragma once

#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

// Temperature scaling (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks",
// ICML 2017, section 4.2): the T in [0.05, 20] that minimises the negative log-likelihood of
// softmax(logits / T) on held-out images. It does not change the accuracy.
// logits: {n, 1, 1, classes}; labels: n numbers in [0, classes). Throws ShapeError when the sizes
// do not match, n is 0 or a label is out of range.
float fit_temperature(const Tensor& logits, std::span<const int> labels);

// The {classes} biases, of mean 0, that minimise the weighted cross entropy of
// softmax(logits + biases) on held-out images; images of class c have the weight weights[c] > 0.
// With them the total probability of each class equals its (weighted) number of images. A class
// without images gets the bias with which its total probability is at most what it is now, and at
// most that of one image.
// Found by generalised iterative scaling (Darroch and Ratcliff 1972, "Generalized iterative scaling
// for log-linear models", theorem 1). The biases of classes with few images are then shrunk: a
// normal prior with a standard deviation of 1, by Laplace's approximation. Sizes and errors as
// above.
std::vector<float> fit_biases(const Tensor& logits, std::span<const int> labels,
                              std::span<const double> weights);

}  // namespace fovea
