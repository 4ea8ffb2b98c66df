#pragma once

#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/model/feature_statistics.h"
#include "engine/model/model.h"

namespace fovea {

struct FeatureStatisticsOptions {
  std::vector<Split> statistics{Split::train};          // for the means and covariances
  std::vector<Split> holdout{Split::val, Split::test};  // never used for training
  int statistics_per_class = 5000;  // maximum; the images with the lowest content hashes
  int held_out_per_class = 200;     // likewise
};

// Means and covariances within each class: the sum of (x - mean)(x - mean)' over its images,
// divided by their number less 1 (zeros for fewer than 2 images). In double precision and in a
// fixed order. `holdout` is reduced to the first vectors of each class. labels: {n} and {m}, below
// classes.size(). Throws ShapeError when the sizes do not match. The caller sets the evaluation,
// the dataset and weights_sha256.
FeatureStatistics measure_feature_statistics(const std::vector<std::string>& classes,
                                             const Tensor& features, const std::vector<int>& labels,
                                             const Tensor& holdout,
                                             const std::vector<int>& held_out_labels,
                                             const FeatureStatisticsOptions& options = {});

// The statistics of a model over a dataset. `sha256` is that of the model's weights, `data` the
// name of the dataset. Without an evaluation. Throws IoError; ConfigError when the model does not
// know a class of the dataset.
FeatureStatistics measure_feature_statistics(const Model& model, const std::string& sha256,
                                             const Dataset& dataset, const std::string& data,
                                             int threads,
                                             const FeatureStatisticsOptions& options = {});

// Combines two statistics of the same features, over `classes`, which includes all of theirs.
// Counts, means and covariances are those of all images together; held-out vectors are appended,
// those of `a` first, up to options.held_out_per_class for each class. Evaluation, dataset and
// weights_sha256 are those of `a`. Throws ShapeError when the dims differ.
FeatureStatistics merge_feature_statistics(const FeatureStatistics& a, const FeatureStatistics& b,
                                           const std::vector<std::string>& classes,
                                           const FeatureStatisticsOptions& options = {});

}  // namespace fovea
