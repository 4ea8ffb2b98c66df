#pragma once

#include "engine/data/training_set.h"
#include "engine/model/network.h"

namespace fovea {

// The network's outputs for every image of the set, computed on `threads` threads; the numbers do
// not depend on how many. Throw ShapeError when the images do not have the size of `preprocess`.

// {set.count(), 1, 1, outputs}
Tensor evaluate_logits(const Network& network, const Preprocess& preprocess, const TrainingSet& set,
                       int threads);
// The rows of the images begin <= i < end: {end - begin, 1, 1, outputs}. They have the same bits as
// those of all images if begin is a multiple of kEvaluationChunk, and end likewise or the last.
Tensor evaluate_logits(const Network& network, const Preprocess& preprocess, const TrainingSet& set,
                       int threads, int begin, int end);
// Images that are evaluated together; few, so that the activations stay in the cache.
inline constexpr int kEvaluationChunk = 16;
// The input of the last layer: {set.count(), 1, 1, network.feature_dim()}. Throws ShapeError when
// that layer is not a Dense.
Tensor evaluate_features(const Network& network, const Preprocess& preprocess,
                         const TrainingSet& set, int threads);

// The last layer on features {n, 1, 1, dim} -> logits {n, 1, 1, outputs}. Throws ShapeError.
Tensor apply_head(const Network& network, const Tensor& features);

}  // namespace fovea
