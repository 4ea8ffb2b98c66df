#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/fit/interval.h"

namespace fovea {

struct Temperature {
  float value = 1;
  Interval interval;        // 95 %
  std::int64_t images = 0;  // it was fitted on
  // The interval spans more than a factor of two: there are too few images, or too few mistakes
  // among them, to know how confident the model may be.
  bool few_images() const { return interval.high > 2 * interval.low; }
};

// Temperature scaling (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks",
// ICML 2017, section 4.2): the T in [0.05, 20] that fits softmax(logits / T) to held-out images. It
// does not change the accuracy. The negative log-likelihood alone would take a few correct
// predictions for certainty. Two terms, which vanish with the number of images, prevent that:
// - The target of an image is 1 - 1 / (n + 2) for its class and the rest for the others: without
//   mistakes, the expected accuracy is (n + 1) / (n + 2) (Laplace's rule of succession; Platt 1999,
//   "Probabilistic outputs for support vector machines", section 2.2, for two classes).
// - 1 / T has a gamma prior with its mode at T = 1, worth 4 units of Fisher information.
// The interval is Laplace's approximation in log T.
// logits: {n, 1, 1, classes}; labels: n numbers in [0, classes). Throws ShapeError when the sizes
// do not match, n is 0 or a label is out of range.
Temperature fit_temperature(const Tensor& logits, std::span<const int> labels);

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
