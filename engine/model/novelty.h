#pragma once

#include <cstdint>

#include "engine/core/tensor.h"

namespace fovea {

// Recognises images that resemble nothing a model was trained on, by the distance of their features
// to those of training images (Sun, Ming, Zhu, Li 2022, "Out-of-distribution detection with deep
// nearest neighbors", ICML; here the nearest one). Part of a Model; engine/fit/novelty_fit.h makes
// it.
struct Novelty {
  // {n, 1, 1, dim}: features of n training images, each scaled to length 1 and rounded to half
  // precision. Empty: the model cannot recognise such images.
  Tensor references{};
  float threshold = 0;      // an image with a larger distance is unknown
  float false_alarms = 0;   // the fraction of images of the known classes that exceed it
  std::int64_t images = 0;  // on which the threshold was set

  bool available() const { return !references.empty(); }
};

// Scales each row of features {n, 1, 1, dim} to length 1; a row of zeros stays.
void normalise_features(Tensor& features);

// Euclidean distances {n, 1, 1, 1} of features {n, 1, 1, dim}, scaled to length 1, to the nearest
// reference {m, 1, 1, dim}; between 0 and 2. Throws ShapeError when dim differs or m is 0.
void nearest_distances(const Tensor& references, const Tensor& features, Tensor& distances);

}  // namespace fovea
