#pragma once

#include <vector>

#include "engine/retrain/gate.h"
#include "engine/retrain/holdout.h"

namespace fovea {

// Limits how much a retrained network forgets of the old classes, as measured on the held-out rows
// for calibration. The gate measures on other rows, so three standard deviations are added to the
// measured loss. Needs at least 100 calibration rows of old classes; with fewer it changes nothing,
// and the gate alone decides.
class BiasCorrection {
 public:
  // Keeps references to `holdout` and `gate`. `champion`: its logits for the calibration rows.
  BiasCorrection(const Holdout& holdout, const LabelledLogits& champion, int old_classes,
                 const GateOptions& gate);

  // Sets the biases of the head so that no class is favoured on the calibration rows. Training
  // shifts the boundaries between classes, and new classes of few images attract too many old ones
  // (Wu et al. 2019, "Large scale incremental learning", section 4).
  void correct_biases(Network& network) const;

  // correct_biases(), and interpolates the weights towards `start`, the network before fine-tuning,
  // as far as needed so that the likely loss stays within GateOptions. Returns the fraction of
  // fine-tuning that is kept; 1: all of it.
  float limit_forgetting(Network& network, const Network& start) const;

 private:
  // Corrects the biases and returns the network's logits for the calibration rows.
  LabelledLogits corrected_logits(Network& network) const;
  // By how much the likely loss of accuracy exceeds what the gate allows, as a fraction of images:
  // the maximum over all old rows together and each old class. At most 0 when the limits are kept.
  double excess_loss(const LabelledLogits& labelled) const;

  const Holdout& holdout_;
  int old_classes_;
  const GateOptions& gate_;
  std::vector<bool> champion_correct_;  // {calibration rows}
  int old_rows_ = 0;                    // calibration rows of old classes
};

}  // namespace fovea
