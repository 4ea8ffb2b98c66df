#pragma once

#include "engine/model/network.h"

namespace fovea {

// A network between two: parameters and buffers become (1 - share) * start + share * network
// (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", section 3.2). Between a model
// and what fine-tuning made of it most of what was won stays, and most of what was lost comes back.
// `share` from 0 (start) to 1 (network). REQUIRES: the same spec, `network` not prepared.
void interpolate_weights(Network& network, const Network& start, float share);

}  // namespace fovea
