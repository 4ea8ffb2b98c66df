#pragma once

#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

// Temperature scaling (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks",
// ICML 2017, section 4.2): the T in [0.05, 20] that minimises the negative log-likelihood of
// softmax(logits / T) on held-out images. Accuracy does not change.
// logits: {n, 1, 1, classes}; labels: n numbers in [0, classes). Throws ShapeError when the sizes
// do not match, n is 0 or a label is out of range.
float fit_temperature(const Tensor& logits, std::span<const int> labels);

// What to add to the logits of each class so that the class is expected as often as it is there:
// the {classes} biases, of mean 0, that minimise the cross entropy of softmax(logits + biases) on
// held-out images, those of class c weighing weights[c] > 0. A class without any shall be
// expected no more often than now, and than once by its weight. Found by generalised iterative
// scaling (Darroch and Ratcliff 1972, "Generalized iterative scaling for log-linear models",
// theorem 1), then shrunk where few images tell of a class: a normal prior
// of standard deviation 1 (Laplace's approximation). Sizes and errors as above.
std::vector<float> fit_biases(const Tensor& logits, std::span<const int> labels,
                              std::span<const double> weights);

}  // namespace fovea
