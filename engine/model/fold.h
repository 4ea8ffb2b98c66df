#pragma once

#include "engine/model/network.h"

namespace fovea {

// The same function with less work, for inference only: every batch norm that follows a convolution
// or a dense layer directly is folded into its weights,
//   w' = w * g / sqrt(var + eps),   b' = (b - mean) * g / sqrt(var + eps) + beta,
// dropout is left out, and the weights are laid out for infer(). Do not train the result.
Network fold_batch_norm(const Network& network);

}  // namespace fovea
