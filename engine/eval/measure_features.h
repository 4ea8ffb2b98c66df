#pragma once

#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/model/feature_bundle.h"
#include "engine/model/model.h"

namespace fovea {

struct BundleOptions {
  std::vector<Split> statistics{Split::train};          // means and covariances come from these
  std::vector<Split> holdout{Split::val, Split::test};  // never trained on
  int statistics_per_class = 5000;  // images at most; those with the lowest content hashes
  int held_out_per_class = 200;     // likewise
};

// Means and covariances within each class: sum of (x - mean)(x - mean)' over its images, divided
// by their number less 1 (zeros where there are fewer than 2). In double precision and in a fixed
// order. `holdout` takes the first vectors of each class in their order. labels: {n} and {m},
// below classes.size(). Throws ShapeError when the sizes do not match. The result has neither
// evaluation nor provenance: the caller fills them in.
FeatureBundle make_bundle(const std::vector<std::string>& classes, const Tensor& features,
                          const std::vector<int>& labels, const Tensor& holdout,
                          const std::vector<int>& held_out_labels,
                          const BundleOptions& options = {});

// The bundle of a model over a dataset, whose classes the model must know. `sha256` is that of the
// model's weights, `data` the dataset's name. Without an evaluation. Throws IoError, ConfigError.
FeatureBundle make_bundle(const Model& model, const std::string& sha256, const Dataset& dataset,
                          const std::string& data, int threads, const BundleOptions& options = {});

// Two bundles of the same features as one, over `classes` (which has all of theirs): counts add up,
// means and covariances are those of all images together, held-out vectors follow each other up
// to options.held_out_per_class a class, those of `a` first. Evaluation and provenance are those of
// `a`. Throws ShapeError when the dims differ.
FeatureBundle merge_bundles(const FeatureBundle& a, const FeatureBundle& b,
                            const std::vector<std::string>& classes,
                            const BundleOptions& options = {});

}  // namespace fovea
