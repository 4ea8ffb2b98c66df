#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/eval/report.h"
#include "engine/retrain/forgetting.h"
#include "engine/retrain/gate.h"
#include "engine/retrain/retrain_plan.h"
#include "engine/train/trainer.h"

namespace fovea {

class RetrainObserver : public TrainObserver {
 public:
  // What is being done now, a few words; `stop` ends the retraining.
  virtual Control on_phase(const std::string&) { return Control::keep_going; }
};

struct Champion {
  const Model& model;
  const std::string& weights_sha256;
  const FeatureBundle* bundle;  // null: it has none
};

struct Retrained {
  Outcome outcome = Outcome::finished;  // the rest is there when it is `finished`
  Model model;
  FeatureBundle bundle;  // of the new model; its evaluation is left to the caller
  GateVerdict verdict;
  ForgettingReport forgetting;
  EvaluationReport evaluation;  // of the new model on the held-out images or features
  std::vector<EpochReport> history;
  float tuning_kept = 1;           // share of fine-tuning, see BiasCorrection::limit_forgetting()
  std::vector<std::string> notes;  // sentences about what was done, for people
};

// Makes a challenger as the plan says: a wider head, new classes imprinted (their weights are the
// scaled mean of their features; Qi, Brown, Lowe 2018, eq. 2), the head fitted, then in full mode
// all layers fine-tuned with replay and with distillation from the champion and, as far as the old
// classes need it, taken back; the biases of the head and the temperature fitted; champion and
// challenger judged on held-out images.
//
// Held out are the test images; some of the old ones (Holdout says which) and the fresh
// validation images serve for the temperature and for what BiasCorrection does, the others for
// judging alone. In frozen mode the bundle's held-out vectors stand for the old images.
//
// A function of its arguments, of `threads` not; `resume` is what on_checkpoint() was given by the
// same retraining, or empty. Throws what train() does, IoError when images cannot be read.
Retrained retrain(const Champion& champion, const Dataset& dataset, const std::string& data,
                  const RetrainPlan& plan, const GateOptions& gate, int threads,
                  RetrainObserver& observer, std::vector<std::uint8_t> resume = {});

}  // namespace fovea
