#pragma once

#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/training_set.h"
#include "engine/model/feature_bundle.h"
#include "engine/model/model.h"

namespace fovea {

// The features (what the last Dense layer takes) of every picture of the set,
// {set.count(), 1, 1, network.feature_dim()}; the same numbers for any number of threads. Throws
// ShapeError when the last layer is no Dense, or the pictures have another size than the model's.
Tensor evaluate_features(const Network& network, const Preprocess& preprocess,
                         const TrainingSet& set, int threads);

// The last Dense layer on features {n, 1, 1, dim} -> logits {n, 1, 1, outputs}. Throws ShapeError.
Tensor apply_head(const Network& network, const Tensor& features);

// Renumbers the set's labels as `classes` counts them. Throws ShapeError naming the classes of the
// set that are not among them.
void match_classes(TrainingSet& set, const std::vector<std::string>& classes);

struct BundleOptions {
  std::vector<Split> statistics{Split::train};           // means and covariance come from these
  std::vector<Split> held_out{Split::val, Split::test};  // never trained on
  int held_out_per_class = 200;  // at most; those with the lowest content hashes
  // Added to every variance, as a share of the mean variance: keeps the covariance invertible when
  // there are fewer pictures than features, or a feature that is always 0.
  double ridge = 1e-4;
};

// Means per class and the covariance within classes, pooled: sum of (x - mean)(x - mean)' over all
// pictures, divided by pictures - classes with pictures (at least 1), plus the ridge. In double
// precision and in a fixed order. `held_out` takes the first vectors of each class in their order.
// labels: {n} and {m}, below classes.size(). Throws ShapeError when the sizes do not match.
// The result has neither evaluation nor provenance: the caller fills them in.
FeatureBundle make_bundle(const std::vector<std::string>& classes, const Tensor& features,
                          const std::vector<int>& labels, const Tensor& held_out,
                          const std::vector<int>& held_out_labels,
                          const BundleOptions& options = {});

// The bundle of a model over a dataset, whose classes the model must know. `sha256` is that of the
// model's weights, `data` the dataset's name. Without an evaluation. Throws IoError, ShapeError.
FeatureBundle make_bundle(const Model& model, const std::string& sha256, const Dataset& dataset,
                          const std::string& data, int threads, const BundleOptions& options = {});

// Two bundles of the same features as one, over `classes` (which has all of theirs): counts add up,
// means and covariance are those of all pictures together, held-out vectors follow each other up to
// options.held_out_per_class a class, those of `a` first. Each covariance keeps its own ridge.
// Evaluation and provenance are those of `a`. Throws ShapeError when the dims differ.
FeatureBundle merge_bundles(const FeatureBundle& a, const FeatureBundle& b,
                            const std::vector<std::string>& classes,
                            const BundleOptions& options = {});

}  // namespace fovea
