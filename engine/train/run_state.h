#pragma once

#include "engine/train/checkpoint.h"
#include "engine/train/ema.h"
#include "engine/train/schedule.h"
#include "engine/train/trainer.h"

namespace fovea {

// Where a run is, apart from weights, optimiser and average: what a checkpoint holds beside them.
struct RunState {
  // The epoch under way, and sums over its first `batch` batches.
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
  Weights best;  // of early.best_epoch, where the recipe has patience
  std::vector<EpochReport> history;

  void next_epoch();
  // `view` keeps references to `best`.
  void add_to(CheckpointView& view) const;
  // Throws FormatError.
  static RunState take_from(Checkpoint& checkpoint);
};

}  // namespace fovea
