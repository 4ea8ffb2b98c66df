#pragma once

#include <vector>

#include "engine/exchange/torch_state.h"
#include "engine/model/model.h"

namespace fovea {

// The published state dict of a backbone (engine/model/backbones.h) -> a model with its weights,
// its preprocessing and 1,000 numbered classes. The backbone is the one whose tensor names and
// shapes are those of the file; `num_batches_tracked` is ignored. Provenance: name and preset.
// Throws FormatError naming the first difference from the most similar backbone. The values are
// checked when the model is written.
Model import_backbone(const std::vector<TorchTensor>& tensors);

}  // namespace fovea
