#pragma once

#include <nlohmann/json.hpp>

#include "engine/train/retrain_plan.h"

namespace fovea::server {

// What a retraining is going to do, for people: {"mode", "why", "notes", "epochs", "classes",
// "new_classes", "new_images", "old_images", "replayed_images", "shown_images", "lr", "batch",
// "distillation", "freeze_statistics", "seed"}. Images are training pictures; shown_images those
// of one epoch.
nlohmann::ordered_json plan_json(const RetrainPlan& plan);

// The pictures behind it, class by class: [{"name", "new", "train", "val", "test", "old"}], in the
// order of the classes: the first three are fresh pictures, `old` old training pictures.
nlohmann::ordered_json plan_classes_json(const RetrainPlan& plan);

}  // namespace fovea::server
