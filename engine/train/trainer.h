#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"
#include "engine/model/network.h"
#include "engine/train/recipe.h"

namespace fovea {

// What an observer wants next. `stop` writes a checkpoint, too.
enum class Control { keep_going, checkpoint, stop };

struct BatchReport {
  int epoch = 0;    // from 0
  int batch = 0;    // of this epoch, from 0
  int batches = 0;  // in this epoch
  std::int64_t step = 0;
  std::int64_t total_steps = 0;
  int images = 0;  // in this batch
  float lr = 0;
  double loss = 0;      // means over the epoch so far
  double accuracy = 0;  // 0..1
};

struct EpochReport {
  int epoch = 0;
  float lr = 0;  // of the last step
  double train_loss = 0;
  double train_accuracy = 0;
  bool validated = false;
  double val_loss = 0;  // plain cross-entropy
  double val_accuracy = 0;
  bool best = false;   // lowest val_loss so far
  double seconds = 0;  // training and validation
};

class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual Control on_batch(const BatchReport&) { return Control::keep_going; }
  // The network as validated: with averaged weights where the recipe asks for them.
  virtual Control on_epoch(const EpochReport&, const Network&) { return Control::keep_going; }
  // The bytes of a checkpoint that was asked for; see checkpoint.h.
  virtual void on_checkpoint(std::span<const std::uint8_t>) {}
};

enum class Outcome {
  finished,  // all epochs done
  early,     // the validation loss stopped falling
  stopped,   // the observer said so; resume from the last checkpoint
};

struct TrainResult {
  Outcome outcome = Outcome::finished;
  int best_epoch = -1;  // with validation
  std::vector<EpochReport> history;
};

// What a run may have beside images and recipe. All must be the same when it is resumed.
struct TrainExtras {
  // Its outputs are the network's first ones. The images of the set from `first_taught` on are to
  // be answered as it answers them, at a share of recipe.distillation, for the rest by their
  // labels. Not null where that share is not 0.
  const Network* teacher = nullptr;
  int first_taught = 0;
  // Called at the start of every epoch; may put other images into the training set, as many of
  // each class as before. The set handed to train() is that of epoch 0.
  std::function<void(int epoch)> before_epoch;
};

// Trains `network`, already initialised, on lanes: each batch is cut into micro-batches of at most
// recipe.lane images; each runs whole on one thread with its own batch-norm statistics (ghost
// batch norm, Hoffer et al. 2017), and their gradients are added in lane order. Order,
// augmentation and dropout are functions of (seed, epoch, index, step): the same recipe and
// images give the same bits at any number of threads, interrupted and resumed or not.
//
// val may be null where the recipe has no patience and no plateau. `resume` is what on_checkpoint
// was given (freed once read), or empty. At the end the network holds the weights to keep: the best
// epoch's with patience, else the average where there is one, else the last. Throws ConfigError
// (recipe), ShapeError (sizes), FormatError (checkpoint damaged, or of another run) and
// TrainingDiverged when the loss is not finite or a weight exceeds 1e6.
TrainResult train(Network& network, const TrainingSet& train_set, const TrainingSet* val,
                  const Preprocess& preprocess, const Recipe& recipe, int threads,
                  TrainObserver& observer, std::vector<std::uint8_t> resume = {},
                  const TrainExtras& extras = {});

}  // namespace fovea
