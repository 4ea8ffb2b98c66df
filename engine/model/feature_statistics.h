#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

// What is stored with a model so that it can be retrained and evaluated without its training
// images: statistics of its features, the inputs of the last layer (Network::infer_features),
// held-out feature vectors, and its evaluation. A plain value.
struct FeatureStatistics {
  std::vector<std::string> classes;  // of the model, index -> name
  int dim = 0;                       // numbers in one feature vector
  std::vector<std::int64_t> counts;  // {classes}: images behind each mean
  Tensor means;                      // {classes, 1, 1, dim}; zeros where the count is 0
  Tensor covariances;                // {classes, dim, 1, dim}, symmetric, within each class
  Tensor holdout;                    // {n, 1, 1, dim}: images that were not used for training
  std::vector<int> labels;           // {n}: class of each held-out vector
  std::string evaluation;            // JSON text (docs/evaluation.md); empty: none
  std::string data, data_revision;   // name and revision of the dataset
  std::string weights_sha256;        // of the model that computed the features, 64 hex digits
};

// The file (docs/model-format.md): the container of the model file with metadata
// kind = fovea-features. Held-out vectors and covariances are stored as F16 when `half`.
// Both throw FormatError saying what is wrong and where: sizes that do not match, numbers that are
// not finite, a negative variance, a repeated class name, an evaluation that is not a JSON object,
// unknown keys.
std::vector<std::uint8_t> write_feature_statistics(const FeatureStatistics& statistics,
                                                   bool half = false);
FeatureStatistics read_feature_statistics(std::span<const std::uint8_t> bytes);

}  // namespace fovea
