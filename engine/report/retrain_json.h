#pragma once

#include <nlohmann/json.hpp>

#include "engine/retrain/retrain_plan.h"

namespace fovea {

// What a retraining is going to do, for people: {"mode", "why", "notes", "epochs", "classes",
// "new_classes", "new_images", "old_images", "replayed_images", "shown_images", "lr", "batch",
// "distillation", "freeze_statistics", "seed"}. Images are training images; shown_images those
// of one epoch.
nlohmann::ordered_json plan_json(const RetrainPlan& plan);

// The images behind it, class by class: [{"name", "new", "train", "val", "test", "old"}], in the
// order of the classes: the first three are fresh images, `old` old training images.
nlohmann::ordered_json plan_classes_json(const RetrainPlan& plan);

// The options of a job of kind retrain, checked by check_options() before: mode, epochs, lr,
// replay, batch, seed, distillation, freeze_statistics, gate. Throws ConfigError naming what is
// wrong.
RetrainOptions read_retrain_options(const nlohmann::ordered_json& json);

}  // namespace fovea
