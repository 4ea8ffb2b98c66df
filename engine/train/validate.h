#pragma once

#include <span>

#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"
#include "engine/model/network.h"
#include "engine/train/ranks.h"

namespace fovea {

struct Validation {
  double loss = 0;      // mean cross-entropy, natural logarithm
  double accuracy = 0;  // 0..1
};
// The network on all images of the set. Each rank evaluates a part of them and gets the result of
// all, which does not depend on the number of ranks and threads. Throws RankLost.
Validation validate(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
                    int threads, Ranks* ranks = nullptr);

// The number of rows whose largest logit is that of the label; ties go to the lower index.
int count_correct(const Tensor& logits, std::span<const int> labels);

}  // namespace fovea
