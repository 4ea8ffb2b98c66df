#pragma once

#include <span>

#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"
#include "engine/model/network.h"

namespace fovea {

// logits {count, 1, 1, classes} of every picture, `threads` at a time. Results do not depend on it.
void infer_all(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
               int threads, Tensor& logits);

struct Validation {
  double loss = 0;      // mean cross-entropy, natural logarithm
  double accuracy = 0;  // 0..1
};
Validation validate(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
                    int threads);

// How many rows have their largest logit at the label; ties go to the lower index.
int count_correct(const Tensor& logits, std::span<const int> labels);

}  // namespace fovea
