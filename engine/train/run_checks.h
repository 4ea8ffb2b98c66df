#pragma once

#include <string>

#include "engine/train/trainer.h"

namespace fovea {

// Throws ConfigError and ShapeError for arguments of train() that do not fit together.
void check_run(const Network& network, const TrainingSet& train_set, const TrainingSet* val,
               const Recipe& recipe, const FineTuneOptions& fine_tune);

// Identifies a run: its recipe, preprocessing and images.
std::string run_fingerprint(const Recipe& recipe, const Preprocess& preprocess,
                            const TrainingSet& train, const TrainingSet* val);

// Throws ConfigError naming the rank whose run or instruction set differs from that of rank 0, on
// all ranks. Their weights would differ.
void check_ranks(Ranks& ranks, const std::string& fingerprint);

// False when a weight is not finite or exceeds 1e6. The loss may stay finite for some time after
// that.
bool has_finite_weights(const Network& network);

}  // namespace fovea
