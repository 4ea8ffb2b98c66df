#pragma once

#include <vector>

#include "engine/eval/gate.h"
#include "engine/train/held_out.h"

namespace fovea {

// Keeps a retrained network from forgetting more of the old classes than is allowed, as measured on
// the held-out rows that calibrate: what they lost, and one standard deviation of it, since the
// gate looks at other rows. It can only measure with enough of these; without, it changes nothing
// and the gate decides alone.
class OldAccuracy {
 public:
  // Keeps references to the first and the last.
  OldAccuracy(const HeldOut& held_out, const Network& champion, int old_classes,
              const GateOptions& gate);

  // Goes back towards `start`, a network before fine-tuning, as far as needed and no further.
  // Returns the share of fine-tuning that is left, 1: all of it.
  float blend_back(Network& network, const Network& start) const;

  // Lowers the biases of the new classes, and their columns in `logits` of all held-out rows, until
  // they take no more from the old ones. Few new pictures beside many old ones otherwise attract
  // too much (Wu et al. 2019, "Large scale incremental learning", section 4).
  void lower_new_classes(Network& network, Tensor& logits) const;

 private:
  // Which rows are right when the new classes' logits are lowered by `shift`.
  std::vector<bool> right(const Answered& answered, float shift) const;
  // The largest share, of all old rows or of a class's, that is likely to be lost beyond what the
  // gate allows; at most 0: it is kept.
  double excess(const Answered& answered, float shift = 0) const;

  const HeldOut& held_out_;
  int old_classes_;
  const GateOptions& gate_;
  std::vector<bool> before_;  // what the champion has right
  std::size_t rows_ = 0;      // of old classes
};

}  // namespace fovea
