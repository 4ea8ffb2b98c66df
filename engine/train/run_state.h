#pragma once

#include "engine/train/checkpoint.h"
#include "engine/train/ema.h"
#include "engine/train/schedule.h"
#include "engine/train/trainer.h"

namespace fovea {

// The state of a run apart from weights, optimiser and average. A checkpoint stores it with them.
struct RunState {
  // The current epoch, and sums over its first `batch` batches.
  int epoch = 0;
  int batch = 0;
  int seen = 0;  // images
  int correct = 0;
  double loss = 0;
  double seconds = 0;
  float lr = 0;  // of the last step
  // Over epochs.
  Plateau plateau;
  EarlyStopping early;
  Weights best;  // of early.best_epoch, when the recipe has patience
  std::vector<EpochReport> history;

  void next_epoch();
  // `view` refers to `best` afterwards.
  void add_to(CheckpointView& view) const;
  // Throws FormatError.
  static RunState take_from(Checkpoint& checkpoint);
};

}  // namespace fovea
