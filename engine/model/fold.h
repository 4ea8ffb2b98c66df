#pragma once

#include <vector>

#include "engine/model/network.h"

namespace fovea {

// Training with frozen batch-norm statistics without the batch-norm layers. Such a layer multiplies
// and adds constants, so a batch norm that directly follows weights is part of them:
//   scale = gamma / sqrt(var + eps),  w' = w * scale,  b' = (b - mean) * scale + beta.
// forward() and backward() run on the network with w' and b', which has fewer activations; the
// chain rule gives the gradients of w, b, gamma and beta from those of w' and b':
//   dw = dw' * scale,  db = db' * scale,  dbeta = db',
//   dgamma = (sum over the inputs of w * dw' + (b - mean) * db') / sqrt(var + eps).
// Thread contract: one owner.
class FoldedTraining {
 public:
  // Keeps a reference to the network, which keeps its spec.
  explicit FoldedTraining(Network& network);

  Network& folded() { return folded_; }
  void fold_weights();      // of the network, into folded()
  void unfold_gradients();  // of folded(), into those of the network, which are overwritten

 private:
  Network& network_;
  Network folded_;
};

}  // namespace fovea
