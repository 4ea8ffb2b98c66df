#pragma once

#include <vector>

#include "engine/core/rng.h"
#include "engine/core/tensor.h"
#include "engine/model/feature_bundle.h"

namespace fovea {

// Feature vectors that stand for images which are not at hand: of each class of the bundle that
// has images, `per_class` draws from a Gaussian with the class's mean and covariance. The
// covariance is shrunk towards the mean one of all classes, (n S_c + dim S) / (n + dim) for n
// images, so that a class of few images has one that can be used (after Friedman 1989,
// "Regularized discriminant analysis", eq. 17). A function of the bundle and of rng.
// Returns {m, 1, 1, dim}; labels {m}, by the bundle's classes, one class after the other.
Tensor sample_features(const FeatureBundle& bundle, int per_class, const Rng& rng,
                       std::vector<int>& labels);

}  // namespace fovea
