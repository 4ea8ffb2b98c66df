#pragma once

#include "tools/fovea/train_run.h"

namespace fovea::tools {

// `fovea train --backbone`: trains a classifier on the features of a pretrained network and writes
// the run folder: run.json and model.safetensors. A plan.size of 0 is the size of the backbone.
// Throws the errors of the engine.
void run_train_backbone(TrainArguments& arguments);

}  // namespace fovea::tools
