#pragma once

#include "engine/model/network.h"

namespace fovea {

// Weight-space interpolation (WiSE-FT; Wortsman et al. 2022, "Robust fine-tuning of zero-shot
// models", section 3.2): parameters and buffers become (1 - fraction) * start + fraction * network.
// Between a model and its fine-tuned version this keeps most of the improvement and restores most
// of the accuracy that was lost. fraction: 0 (start) to 1 (network). REQUIRES: the same spec;
// `network` is not prepared
void interpolate_weights(Network& network, const Network& start, float fraction);

}  // namespace fovea
