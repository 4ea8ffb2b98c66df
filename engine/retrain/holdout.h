#pragma once

#include <string>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/eval/evaluation_report.h"
#include "engine/model/feature_statistics.h"
#include "engine/retrain/retrain_plan.h"

namespace fovea {

// The held-out rows of a retraining: images, or in frozen mode feature vectors, that neither
// champion nor challenger was trained on. Each row has one use:
//   test            for the gate and the reports
//   calibrate       for temperature and bias correction, and for the reports
//   calibrate_only  for temperature and bias correction only
// Of the old rows of a class every second is for calibration, every fourth when there are fewer
// than 400; the others are for the test. New test images are for the test, new validation images
// for calibration only, except that the gate also measures the recall of new classes on them: there
// are few others, and calibration fits only one bias per class. Keeps a reference to the dataset.
class Holdout {
 public:
  enum class Use { test, calibrate, calibrate_only };

  // Full mode uses the dataset's test images. Frozen mode uses the vectors of `statistics` and
  // those that `network` computes for the new images. Throws IoError.
  Holdout(const RetrainPlan& plan, const Dataset& dataset, const FeatureStatistics* statistics,
          const Network& network, const Preprocess& preprocess, int threads);

  // The logits of all rows, {n, 1, 1, outputs}. Full mode reads the images: throws IoError.
  Tensor logits(const Network& network) const;

  // Parts of these logits of all rows.
  LabelledLogits calibration_rows(const Tensor& logits) const {
    return select(logits, [](Use use, int) { return use != Use::test; });
  }
  LabelledLogits reported_rows(const Tensor& logits) const {
    return select(logits, [](Use use, int) { return use != Use::calibrate_only; });
  }
  // Those of the gate: the test rows and the calibrate_only rows of new classes.
  LabelledLogits gate_rows(const Tensor& logits) const {
    return select(logits, [this](Use use, int label) {
      return use == Use::test || (use == Use::calibrate_only && label >= old_classes_);
    });
  }
  // calibration_rows(logits(network)), but only these rows are computed.
  LabelledLogits predict_calibration_rows(const Network& network) const;
  // The validation images of the training curves: those for calibration, at most 100 of each class.
  // Empty in frozen mode.
  const TrainingSet& validation() const { return validation_; }

 private:
  template <class Keep>
  LabelledLogits select(const Tensor& logits, Keep keep) const {
    std::vector<int> rows;
    for (int i = 0; i < int_size(uses_); ++i) {
      if (keep(uses_[i], labels_[i])) rows.push_back(i);
    }
    return gather(logits, rows);
  }
  LabelledLogits gather(const Tensor& logits, const std::vector<int>& rows) const;
  void add_old(const std::vector<const ImageRecord*>& images, const RetrainPlan& plan);
  void add_new(const std::vector<const ImageRecord*>& images, Use use, const RetrainPlan& plan);
  Use next_old_use(int label);
  void load_calibration_images(const RetrainPlan& plan);

  const Dataset& dataset_;
  Preprocess preprocess_;
  int threads_;
  bool frozen_;
  int old_classes_;                         // that the champion knows; their labels come first
  std::vector<const ImageRecord*> images_;  // of the last rows
  TrainingSet calibration_;                 // full mode: kept in memory, used many times
  Tensor features_;                         // frozen mode: {n, 1, 1, dim}
  std::vector<int> labels_;                 // {n}
  std::vector<Use> uses_;                   // {n}
  std::vector<std::string> hashes_;         // {n}: of the images; empty for stored vectors
  std::vector<int> old_counts_;             // {classes}: old rows
  std::vector<int> old_used_;               // {classes}: old rows that have a use
  TrainingSet validation_;
};

// The features of these images, {n, 1, 1, dim}, computed with only some of them in memory at a
// time.
Tensor image_features(const Network& network, const Preprocess& preprocess, const Dataset& dataset,
                      const std::vector<const ImageRecord*>& images, int threads);

}  // namespace fovea
