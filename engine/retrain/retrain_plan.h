#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/model/feature_statistics.h"
#include "engine/model/model.h"
#include "engine/retrain/gate.h"
#include "engine/train/recipe.h"

namespace fovea {

struct RetrainOptions {
  std::string mode = "auto";               // auto, full, frozen
  std::string freeze_statistics = "auto";  // auto, yes, no
  // Unset: plan_retrain() chooses.
  std::optional<int> epochs, batch, replay;
  std::optional<float> lr, distillation;
  std::optional<std::uint64_t> seed;
  GateOptions gate;
};

enum class RetrainMode {
  full,    // all layers are trained, on new images and on replayed old ones
  frozen,  // only the head is trained, on new images and on the champion's feature statistics
};
std::string to_string(RetrainMode mode);

// How a model is retrained, and on which images. New images are those that the champion was not
// trained on, old images those that it was. Points into the dataset that it was made from.
struct RetrainPlan {
  RetrainMode mode = RetrainMode::full;
  std::string reason;                // one sentence: why this mode
  std::vector<std::string> notes;    // sentences, e.g. about classes with few images
  std::vector<std::string> classes;  // of the challenger: the champion's in their order, then new
                                     // ones
  int old_classes = 0;               // how many of them the champion has
  std::vector<int> class_map;        // class of the dataset -> index into classes; -1: left out

  struct Pool {
    std::vector<const ImageRecord*> train, val, test;
  };
  Pool new_images, old_images;
  int replayed = 0;          // old images in one epoch
  std::vector<int> repeats;  // {classes}: how often an epoch shows each new image of the class
  Recipe recipe;

  int label(const ImageRecord& image) const { return class_map[image.label]; }
  // Images in one epoch: in frozen mode the new ones, in full mode the new ones as often as they
  // are repeated and the replayed ones.
  std::int64_t images_per_epoch() const;
};

// What is known about the images that the champion was trained on.
struct ChampionData {
  // Images that got their label up to this time were in its training data: seconds since 1970; 0:
  // none of this dataset.
  std::int64_t data_time = 0;
  // Its first classes come from a model that was trained elsewhere, so an import may contain their
  // training images. The other classes were trained on images of this dataset.
  int external_classes = std::numeric_limits<int>::max();
};

// An image is old when the champion knows its class and either it had its label when the champion
// was trained (added_at <= data_time), or it was imported and its class is external.
//
// Full mode requires kMinOldImages old training images of each external class and one of each other
// class. Without them mode `auto` chooses frozen, which requires the champion's statistics (null:
// it has none) and a Dense head. Throws ConfigError with a human-readable text when there is
// nothing to train on or the mode is not possible.
RetrainPlan plan_retrain(const Model& champion, const FeatureStatistics* statistics,
                         const Dataset& dataset, const ChampionData& champion_data,
                         const RetrainOptions& options);
constexpr int kMinOldImages = 50;
constexpr std::size_t kHoldoutChunk = 2048;  // held-out images that are in memory at a time

// An upper estimate of the memory that the process needs for the plan, bytes.
std::uint64_t memory_needed(const RetrainPlan& plan, const Model& champion, const Dataset& dataset,
                            int threads);

}  // namespace fovea
