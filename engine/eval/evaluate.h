#pragma once

#include "engine/data/training_set.h"
#include "engine/model/network.h"

namespace fovea {

// The network's logits for every image of the set, {set.count(), 1, 1, outputs}, on `threads`
// threads; the same numbers for any number of threads. Throws ShapeError when the set's images
// do not have the size that `preprocess` wants.
Tensor evaluate_logits(const Network& network, const Preprocess& preprocess, const TrainingSet& set,
                       int threads);

}  // namespace fovea
