#pragma once

#include <string>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"
#include "engine/model/network.h"

namespace fovea {

// The features (what the last Dense layer takes) of every image of the set,
// {set.count(), 1, 1, network.feature_dim()}; the same numbers for any number of threads. Throws
// ShapeError when the last layer is no Dense, or the images have another size than the model's.
Tensor evaluate_features(const Network& network, const Preprocess& preprocess,
                         const TrainingSet& set, int threads);

// The last Dense layer on features {n, 1, 1, dim} -> logits {n, 1, 1, outputs}. Throws ShapeError.
Tensor apply_head(const Network& network, const Tensor& features);

// Where each name stands among `classes`. Throws ConfigError naming those that do not.
std::vector<int> class_places(const std::vector<std::string>& names,
                              const std::vector<std::string>& classes);

// Renumbers the set's labels as `classes` counts them. Throws ConfigError naming the classes of the
// set that are not among them.
void match_classes(TrainingSet& set, const std::vector<std::string>& classes);

}  // namespace fovea
