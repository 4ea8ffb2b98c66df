#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/eval/report.h"

namespace fovea::server {

struct TrainedEpoch {
  double epoch = 0;  // from 1
  // NaN: not recorded.
  double train_loss = 0, train_accuracy = 0, val_loss = 0, val_accuracy = 0;
};

struct StoredEvaluation {
  EvaluationReport report;
  std::vector<TrainedEpoch> training;  // empty: not known
};

// The document of docs/evaluation.md back as what it was written from (evaluation_json.h): shares
// have five digits, an area that is null is NaN. It may come from anywhere: throws FormatError that
// names the place when it is not such a document.
StoredEvaluation read_evaluation(const nlohmann::ordered_json& document);

// A list of objects, one an epoch; keys other than those of TrainedEpoch are left aside.
std::vector<TrainedEpoch> read_epochs(const nlohmann::ordered_json& list);

}  // namespace fovea::server
