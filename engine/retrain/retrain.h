#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/eval/evaluation_report.h"
#include "engine/retrain/forgetting.h"
#include "engine/retrain/gate.h"
#include "engine/retrain/retrain_plan.h"
#include "engine/train/trainer.h"

namespace fovea {

// The phases of a retraining, in their order. The names are part of the job events of the HTTP API.
namespace retrain_phase {
inline constexpr const char* kExtractFeatures = "looking at the new images";
inline constexpr const char* kFitHead = "fitting the head";             // full mode, new classes
inline constexpr const char* kTrain = "training";                       // full mode
inline constexpr const char* kCorrectBiases = "balancing old and new";  // full mode
inline constexpr const char* kTrainHead = "training the head";          // frozen mode
inline constexpr const char* kGate = "judging";
inline constexpr const char* kMeasure = "describing the new model";
}  // namespace retrain_phase

class RetrainObserver : public TrainObserver {
 public:
  // At the start of each phase; `stop` ends the retraining.
  virtual Control on_phase(const std::string&) { return Control::keep_going; }
};

struct Champion {
  const Model& model;
  const std::string& weights_sha256;
  const FeatureStatistics* statistics;  // null: it has none
};

struct Retrained {
  TrainOutcome outcome = TrainOutcome::finished;  // the rest is only set when it is `finished`
  Model model;
  FeatureStatistics statistics;  // of the new model; the caller sets their evaluation
  GateVerdict verdict;
  ForgettingReport forgetting;
  EvaluationReport evaluation;  // of the new model on the held-out images or features
  std::vector<EpochReport> history;
  float fine_tuning_kept = 1;      // fraction, see BiasCorrection::limit_forgetting()
  std::vector<std::string> notes;  // human-readable sentences about the training
};

// Makes a challenger as planned:
//   1. widens the head and initialises the new classes by weight imprinting (head_training_set.h)
//   2. full mode: fits the head if there are new classes, then fine-tunes all layers with replay of
//      old images and distillation from the champion (replay.h, trainer.h), and interpolates the
//      weights towards the start as far as the old classes require (bias_correction.h)
//      frozen mode: fits the head alone, with features sampled from the champion's statistics in
//      place of old images (head_fit.h, feature_replay.h)
//   3. corrects the biases of the head and fits the temperature
//   4. runs the gate for champion and challenger on held-out images
//
// The held-out images are the test images; in frozen mode the held-out vectors of the statistics
// replace the old ones. Some of the old ones and the new validation images are used for temperature
// and bias correction, the others only by the gate (holdout.h).
//
// The result is a function of the arguments and does not depend on `threads`. `resume` holds the
// bytes of an on_checkpoint() of the same retraining, or is empty. Throws as train() does, and
// IoError when images cannot be read.
Retrained retrain(const Champion& champion, const Dataset& dataset, const std::string& data,
                  const RetrainPlan& plan, const GateOptions& gate, int threads,
                  RetrainObserver& observer, std::vector<std::uint8_t> resume = {});

}  // namespace fovea
