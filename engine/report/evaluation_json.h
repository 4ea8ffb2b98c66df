#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "engine/eval/report.h"

namespace fovea {

// The evaluation as docs/evaluation.md has it: stored for a version, inside feature bundles, and
// what the insights show. `training` are the epochs of the run that made the model (a list of
// objects with epoch, train_loss, train_accuracy, val_loss, val_accuracy, lr), null when they are
// not known: then the key is absent. Areas that do not exist are null.
nlohmann::ordered_json evaluation_json(const EvaluationReport& report,
                                       const nlohmann::ordered_json& training = nullptr);

nlohmann::ordered_json statistics_json(const DataStatistics& statistics);

struct TrainedEpoch {
  double epoch = 0;  // from 1
  // NaN: not recorded.
  double train_loss = 0, train_accuracy = 0, val_loss = 0, val_accuracy = 0;
};

struct StoredEvaluation {
  EvaluationReport report;
  std::vector<TrainedEpoch> training;  // empty: not known
};

// An evaluation document from a file or database; discarded when the text is not JSON. Keys that
// versions before 0.2 wrote get their present names.
nlohmann::ordered_json parse_evaluation(const std::string& text);

// The document of docs/evaluation.md back as what it was written from (evaluation_json.h): shares
// have five digits, an area that is null is NaN. It may come from anywhere: throws FormatError that
// names the place when it is not such a document.
StoredEvaluation read_evaluation(const nlohmann::ordered_json& document);

// A list of objects, one an epoch; keys other than those of TrainedEpoch are left aside.
std::vector<TrainedEpoch> read_epochs(const nlohmann::ordered_json& list);

}  // namespace fovea
