#pragma once

#include <vector>

#include "engine/core/rng.h"
#include "engine/core/tensor.h"
#include "engine/model/feature_statistics.h"

namespace fovea {

// Generative feature replay: feature vectors that replace images which are not available. For each
// class that has images, `per_class` samples of a Gaussian with the class's mean and covariance.
// The covariance S_c is shrunk towards the pooled one S, (n S_c + dim S) / (n + dim) for n images,
// so that it is usable for classes with few images (after Friedman 1989, "Regularized discriminant
// analysis", eq. 17). A function of the statistics and of rng.
// Returns {m, 1, 1, dim}, class after class; labels {m} are indices into statistics.classes.
Tensor sample_features(const FeatureStatistics& statistics, int per_class, const Rng& rng,
                       std::vector<int>& labels);

}  // namespace fovea
