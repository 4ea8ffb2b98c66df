#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/model/feature_bundle.h"
#include "engine/model/model.h"
#include "engine/retrain/gate.h"
#include "engine/train/recipe.h"

namespace fovea {

struct RetrainOptions {
  std::string mode = "auto";               // auto, full, frozen
  std::string freeze_statistics = "auto";  // auto, yes, no
  // Unset: what plan_retrain() finds fitting.
  std::optional<int> epochs, batch, replay;
  std::optional<float> lr, distillation;
  std::optional<std::uint64_t> seed;
  GateOptions gate;
};

enum class RetrainMode {
  full,    // all layers learn, from fresh images and from old ones that are replayed
  frozen,  // the head alone learns, from fresh images and from the bundle's statistics
};
std::string to_string(RetrainMode mode);

// What a retraining is going to do: which images are fresh, that is, not yet learned by the
// champion, and which are old; how it is trained. Points into the dataset it was made from.
struct RetrainPlan {
  RetrainMode mode = RetrainMode::full;
  std::string why;                 // one sentence: why this mode
  std::vector<std::string> notes;  // sentences about thin data, for people
  std::vector<std::string>
      classes;              // the challenger's: the champion's in their order, then new ones
  int old_classes = 0;      // how many of them the champion knows
  std::vector<int> places;  // class of the dataset -> index into classes; -1: left out

  struct Pool {  // of one kind of image
    std::vector<const ImageRecord*> train, val, test;
  };
  Pool fresh, old;
  int replayed = 0;          // old images an epoch
  std::vector<int> repeats;  // {classes}: how often an epoch shows each fresh image of the class
  Recipe recipe;

  int label(const ImageRecord& image) const {
    return places[static_cast<std::size_t>(image.label)];
  }
  // ImagePool that one epoch shows: in frozen mode the fresh ones, in full mode those as often as
  // they are repeated, and the replayed ones.
  std::int64_t shown() const;
};

// What is known of the images that the champion has learned from.
struct ChampionData {
  std::int64_t until = 0;  // seconds since 1970: those in the dataset then; 0 = none of it
  // Its first classes come from a model that was trained elsewhere: an import may bring what they
  // were learned from. The further ones were learned from images of this dataset.
  int elsewhere = std::numeric_limits<int>::max();
};

// An image is old when the champion knows its class and it had its label when the champion was
// trained (added_at <= until), or was imported and its class was learned elsewhere.
//
// Full mode wants `kOldEnough` old training images of each class that was learned elsewhere, and
// one of the others; without them auto takes frozen mode, which wants the champion's bundle (null:
// it has none) and a Dense head. Throws ConfigError, for people, when there is nothing to learn or
// the mode is not possible.
RetrainPlan plan_retrain(const Model& champion, const FeatureBundle* bundle, const Dataset& dataset,
                         const ChampionData& learned, const RetrainOptions& options);
constexpr int kOldEnough = 50;
constexpr std::size_t kReadAtOnce = 2048;  // held-out images that are in memory to be judged

// An upper estimate of what the process needs for the plan, bytes.
std::uint64_t memory_needed(const RetrainPlan& plan, const Model& champion, const Dataset& dataset,
                            int threads);

}  // namespace fovea
