#pragma once

#include <vector>

#include "engine/retrain/gate.h"
#include "engine/retrain/holdout.h"

namespace fovea {

// Keeps a retrained network from forgetting more of the old classes than is allowed, as measured on
// the held-out rows that calibrate: what they lost and three standard deviations more, since the
// gate looks at other rows. It can only measure with enough of these; without, it changes nothing
// and the gate decides alone.
class BiasCorrection {
 public:
  // Keeps references to the first and the last. `champion`: its answers to the rows that calibrate.
  BiasCorrection(const Holdout& holdout, const Answered& champion, int old_classes,
                 const GateOptions& gate);

  // Sets the biases of the head so that no class is favoured on the rows that calibrate. Training
  // shifts the borders between classes, old ones too, and new classes of few images beside many
  // old ones attract too much (Wu et al. 2019, "Large scale incremental learning", section 4).
  void balance(Network& network) const;

  // balance(), and back towards `start`, a network before fine-tuning, as far as needed and no
  // further. Returns the share of fine-tuning that is left, 1: all of it.
  float limit_forgetting(Network& network, const Network& start) const;

 private:
  // Balances the network; its answers to the rows that calibrate.
  Answered balanced(Network& network) const;
  // The largest share, of all old rows or of a class's, that is likely to be lost beyond what the
  // gate allows; at most 0: it is kept.
  double excess(const Answered& answered) const;

  const Holdout& held_out_;
  int old_classes_;
  const GateOptions& gate_;
  std::vector<bool> before_;  // what the champion has right
  std::size_t rows_ = 0;      // of old classes
};

}  // namespace fovea
