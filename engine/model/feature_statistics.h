#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

// What a model remembers of the images it learned from, so that it can be retrained and judged
// where those images are not at hand: statistics of the features that its last layer takes
// (Network::infer_features), held-out feature vectors, and its stored evaluation. A plain value.
struct FeatureBundle {
  std::vector<std::string> classes;  // the model's, index -> name
  int dim = 0;                       // numbers in one feature vector
  std::vector<std::int64_t> counts;  // {classes}, images behind each mean
  Tensor means;                      // {classes, 1, 1, dim}; zeros where the count is 0
  Tensor covariances;                // {classes, dim, 1, dim}, symmetric, within each class
  Tensor holdout;                    // {n, 1, 1, dim}, of images that were not trained on
  std::vector<int> labels;           // {n}, class of each held-out vector
  std::string evaluation;            // JSON text (docs/evaluation.md); empty: none
  std::string data, data_revision;   // name and revision of the dataset
  std::string weights_sha256;        // of the model the features come from, 64 hex digits
};

// The file (docs/model-format.md, "The feature bundle"): the container of the model file with
// metadata kind = fovea-features. Held-out vectors and covariances as F16 when `half`.
// Both throw FormatError saying what is wrong and where: sizes that do not match, numbers that are
// not finite, a negative variance, names twice, an evaluation that is no JSON object, unknown keys.
std::vector<std::uint8_t> write_feature_bundle(const FeatureBundle& bundle, bool half = false);
FeatureBundle read_feature_bundle(std::span<const std::uint8_t> bytes);

}  // namespace fovea
