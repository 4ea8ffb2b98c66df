#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/fit/head_search.h"
#include "engine/model/model.h"
#include "engine/train/recipe.h"

namespace fovea {

// The second step of transfer learning: training of the whole network, which starts with the
// pretrained layers and the fitted head (docs/decisions/0028-transfer.md). It helps for some images
// and hurts for others. It is therefore evaluated on images that it was not trained on, and
// rejected unless it is better there.

// How two classifiers classify the same images, which neither was trained on.
struct FineTuneVerdict {
  bool stopped = false;   // by `progress`: nothing was evaluated
  bool diverged = false;  // the loss or a weight was not finite: nothing was evaluated
  bool too_few = false;   // no class has as many images as there are folds: nothing was evaluated
  bool better = false;    // the log loss is clearly lower (clearly_lower()), the accuracy not lower
  int images = 0;         // evaluated
  int folds = 0;          // in which they were evaluated: 1 to kFineTuneFolds
  double frozen_accuracy = 0, frozen_log_loss = 0;  // log loss after temperature scaling
  double tuned_accuracy = 0, tuned_log_loss = 0;
};

// One or two sentences: what was measured, and what was kept.
std::string describe(const FineTuneVerdict& verdict);

// What it starts from.
struct FineTuneInput {
  const Dataset& dataset;
  const std::vector<const ImageRecord*>& images;  // to train on, sorted by content hash
  const ImageFeatures& features;                  // of these images by `model`
  const HeadScore& head;                          // how the head of `model` was trained
  const Model& model;                             // with the fitted head; temperature not used
};

struct FineTuned {
  FineTuneVerdict verdict;
  Network network;             // trained on all images; valid if verdict.better
  Temperature temperature;     // of the evaluated images
  std::vector<int> evaluated;  // indices in `images`, ascending
  Tensor logits;  // {evaluated, 1, 1, classes}, of networks that were not trained on the image
};

// Images are divided into this many folds. For each fold that is evaluated, a head and a network
// are trained on the other folds, and both classify the fold.
inline constexpr int kFineTuneFolds = 3;
// Folds are evaluated until they have this many images together.
inline constexpr int kEvaluatedImages = 200;

// AdamW, one cycle, batches of 16, batch norm with the statistics of the pretrained network but
// trained scale and shift, random crops of half to all of the area, brightness and contrast 20 %,
// label smoothing 0.1; the head has three times the learning rate of the other layers. 15 epochs,
// for 500 images or more 10. `network` determines the lanes, which limit the memory.
Recipe fine_tune_recipe(const Network& network, int images, bool mirror);

// Images that are trained on, counted once per epoch, when fine-tuning is evaluated and accepted.
std::int64_t fine_tune_passes(int images);

// Upper estimate of the bytes that training needs at once, besides the weights and images.
std::int64_t fine_tune_activation_bytes(const Network& network, int threads);

// Evaluates fine-tuning and, if it is better, trains on all images. The result is a function of the
// input alone. `progress` is called with the fraction of the images that was trained on; false
// stops. Throws IoError; FormatError as train_head().
FineTuned fine_tune(const FineTuneInput& input, int threads,
                    const std::function<bool(double)>& progress = {});

}  // namespace fovea
