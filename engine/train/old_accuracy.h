#pragma once

#include <vector>

#include "engine/train/held_out.h"

namespace fovea {

// Keeps a retrained network from forgetting more of the old classes than is allowed, as measured on
// the held-out rows that calibrate. It can only measure with enough of these; without, it changes
// nothing and the gate decides alone.
class OldAccuracy {
 public:
  // `allowed`: share of the old classes' rows that may be lost. Keeps references.
  OldAccuracy(const HeldOut& held_out, const Network& champion, int old_classes, double allowed);

  // Goes back towards `start`, a network before fine-tuning, as far as needed and no further.
  // Returns the share of fine-tuning that is left, 1: all of it.
  float blend_back(Network& network, const Network& start) const;

  // Lowers the biases of the new classes, and their columns in `logits` of all held-out rows, until
  // they take no more from the old ones. Few new pictures beside many old ones otherwise attract
  // too much (Wu et al. 2019, "Large scale incremental learning", section 4).
  void lower_new_classes(Network& network, Tensor& logits) const;

 private:
  // Old rows that are right when the new classes' logits are lowered by `shift`.
  int right(const Answered& answered, float shift) const;

  const HeldOut& held_out_;
  int old_classes_;
  int rows_ = 0;    // old ones
  int wanted_ = 0;  // that must be right
};

}  // namespace fovea
