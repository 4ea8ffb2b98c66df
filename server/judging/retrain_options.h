#pragma once

#include <nlohmann/json.hpp>

#include "engine/train/retrain_plan.h"

namespace fovea::server {

// The options of a job of kind retrain, checked by check_options() before: mode, epochs, lr,
// replay, batch, seed, distillation, freeze_statistics, gate. Throws FormatError naming what is
// wrong.
RetrainOptions read_retrain_options(const nlohmann::ordered_json& json);

}  // namespace fovea::server
