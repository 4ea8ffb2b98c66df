#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"
#include "engine/model/network.h"
#include "engine/train/ranks.h"
#include "engine/train/recipe.h"

namespace fovea {

// What an observer requests. `stop` writes a checkpoint, too.
enum class Control { keep_going, checkpoint, stop };

struct BatchReport {
  int epoch = 0;    // from 0
  int batch = 0;    // of this epoch, from 0
  int batches = 0;  // in this epoch
  std::int64_t step = 0;
  std::int64_t total_steps = 0;
  int images = 0;  // in this batch
  float lr = 0;
  double loss = 0;      // mean over the epoch so far
  double accuracy = 0;  // likewise, 0..1
};

struct EpochReport {
  int epoch = 0;  // from 0
  float lr = 0;   // of the last step
  double train_loss = 0;
  double train_accuracy = 0;
  bool validated = false;
  double val_loss = 0;  // cross entropy without label smoothing
  double val_accuracy = 0;
  bool best = false;   // lowest val_loss so far
  double seconds = 0;  // training and validation
};

class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual Control on_batch(const BatchReport&) { return Control::keep_going; }
  // The network as validated: with averaged weights when the recipe has an average.
  virtual Control on_epoch(const EpochReport&, const Network&) { return Control::keep_going; }
  // The bytes of a requested checkpoint; see checkpoint.h.
  virtual void on_checkpoint(std::span<const std::uint8_t>) {}
};

enum class TrainOutcome {
  finished,       // all epochs are done
  stopped_early,  // the validation loss stopped falling
  stopped,        // requested by the observer; the last checkpoint can be resumed
};

struct TrainResult {
  TrainOutcome outcome = TrainOutcome::finished;
  int best_epoch = -1;  // with validation
  std::vector<EpochReport> history;
};

// Options of a fine-tuning run. A resumed run needs the same ones.
struct FineTuneOptions {
  // Teacher for distillation; its classes are the first outputs of the network. Images with an
  // index of at least first_distilled have the target (1 - d) * label + d * teacher with d =
  // recipe.distillation. REQUIRES: not null when d > 0
  const Network* teacher = nullptr;
  int first_distilled = 0;
  // Called at the start of every epoch. May replace images in the training set by others, keeping
  // the number of images of each class. The set passed to train() is that of epoch 0.
  std::function<void(int epoch)> before_epoch;
};

// Trains `network`, which is initialised, in lanes: each batch is divided into micro-batches of at
// most recipe.lane images; each of them runs on one thread with its own batch-norm statistics
// (ghost batch norm, Hoffer et al. 2017), and their gradients are added in lane order. Image order,
// augmentation and dropout are functions of (seed, epoch, index, step). So the same recipe and
// images give the same weights, bit for bit, on any number of threads, with or without an
// interruption.
//
// With ranks, each process calls this with the same arguments and gets the same network, the bits
// of which do not depend on the number of ranks. Only rank 0 calls the observer, and only its
// `resume` counts. When another rank is lost, rank 0 passes a checkpoint of the last complete batch
// to the observer; then RankLost is thrown.
//
// val may be null unless the recipe has patience or a plateau schedule. `resume` holds the bytes of
// an on_checkpoint(), or is empty; it is freed once read. At the end the network has the weights to
// keep: with patience those of the best epoch, else the average if there is one, else the last.
// Throws ConfigError (recipe), ShapeError (sizes), FormatError (a checkpoint that is damaged or
// belongs to another run), and TrainingDiverged when the loss is not finite or a weight exceeds
// 1e6.
TrainResult train(Network& network, const TrainingSet& train_set, const TrainingSet* val,
                  const Preprocess& preprocess, const Recipe& recipe, int threads,
                  TrainObserver& observer, std::vector<std::uint8_t> resume = {},
                  const FineTuneOptions& fine_tune = {}, Ranks* ranks = nullptr);

}  // namespace fovea
