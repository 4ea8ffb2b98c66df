#pragma once

#include <nlohmann/json.hpp>

#include "engine/eval/report.h"

namespace fovea::server {

// The evaluation as docs/evaluation.md has it: stored for a version, inside feature bundles, and
// what the insights show. `training` are the epochs of the run that made the model (a list of
// objects with epoch, train_loss, train_accuracy, val_loss, val_accuracy, lr), null when they are
// not known: then the key is absent. Areas that do not exist are null.
nlohmann::ordered_json evaluation_json(const EvaluationReport& report,
                                       const nlohmann::ordered_json& training = nullptr);

nlohmann::ordered_json statistics_json(const DataStatistics& statistics);

}  // namespace fovea::server
