#pragma once

#include <string>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/eval/report.h"
#include "engine/model/feature_bundle.h"
#include "engine/retrain/retrain_plan.h"

namespace fovea {

// What a retraining measures with: images, or in frozen mode feature vectors, that neither
// champion nor challenger has learned from. Of the old rows of a class every second calibrates,
// every fourth when there are fewer than 400, and so do the fresh validation images; the others
// judge. Fresh validation images are in no report.
// Keeps a reference to the dataset.
class Holdout {
 public:
  enum class Use { judge, calibrate, calibrate_only };

  // Full mode: the dataset's test images. `network` gives the features in frozen mode.
  Holdout(const RetrainPlan& plan, const Dataset& dataset, const FeatureBundle* bundle,
          const Network& network, const Preprocess& preprocess, int threads);

  // {n, 1, 1, outputs} for all rows. Full mode reads the images: throws IoError.
  Tensor logits(const Network& network) const;
  // The rows for which keep(use) holds, with these logits of all rows.
  template <class Keep>
  Answered select(const Tensor& logits, Keep keep) const {
    std::vector<int> rows;
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      if (keep(uses_[i])) rows.push_back(static_cast<int>(i));
    }
    return take(logits, rows);
  }
  Answered judging(const Tensor& logits) const {
    return select(logits, [](Use use) { return use == Use::judge; });
  }
  Answered calibrating(const Tensor& logits) const {
    return select(logits, [](Use use) { return use != Use::judge; });
  }
  // Only these rows are computed.
  Answered calibrating_answers(const Network& network) const;
  Answered reported(const Tensor& logits) const {
    return select(logits, [](Use use) { return use != Use::calibrate_only; });
  }
  // What the curves of the training show: the calibrating images, at most 100 of a class. Empty
  // in frozen mode.
  const TrainingSet& validation() const { return validation_; }

 private:
  Answered take(const Tensor& logits, const std::vector<int>& rows) const;
  void add(const std::vector<const ImageRecord*>& images, bool old, Use fresh_use,
           const RetrainPlan& plan);
  Use assign_split(int label);
  void load_calibrating(const RetrainPlan& plan);

  const Dataset& dataset_;
  Preprocess preprocess_;
  int threads_;
  bool frozen_;
  std::vector<const ImageRecord*> images_;  // the last rows
  TrainingSet calibrating_;                 // full mode: asked for again and again
  Tensor features_;                         // frozen mode: {n, 1, 1, dim}
  std::vector<int> labels_;
  std::vector<Use> uses_;
  std::vector<std::string> names_;
  std::vector<int> of_class_;  // {classes}: old rows
  std::vector<int> seen_;      // those of them that were shared out
  TrainingSet validation_;
};

// The features of these images, {n, 1, 1, dim}; only some are in memory at a time.
Tensor image_features(const Network& network, const Preprocess& preprocess, const Dataset& dataset,
                      const std::vector<const ImageRecord*>& images, int threads);

}  // namespace fovea
