#pragma once

#include <nlohmann/json.hpp>

#include "engine/report/option_range.h"
#include "engine/retrain/retrain_plan.h"

namespace fovea {

// The plan of a retraining: {"mode", "why", "notes", "epochs", "classes", "new_classes",
// "new_images", "old_images", "replayed_images", "shown_images", "lr", "batch", "distillation",
// "freeze_statistics", "seed"}. All images are training images; shown_images are those of one
// epoch.
nlohmann::ordered_json plan_json(const RetrainPlan& plan);

// Its images class by class: [{"name", "new", "train", "val", "test", "old"}], in the order of the
// classes. train, val and test count new images, `old` counts old training images.
nlohmann::ordered_json plan_classes_json(const RetrainPlan& plan);

// The options of a retraining and their allowed values: mode, epochs, lr, replay, batch, seed,
// distillation, freeze_statistics, fine_tune (only with a backbone: not read here), gate (whose
// members read_gate_options() checks).
const OptionRanges& retrain_option_ranges();

// Reads these options; other keys are ignored. Throws ConfigError naming the option whose value is
// not allowed.
RetrainOptions read_retrain_options(const nlohmann::ordered_json& json);

}  // namespace fovea
