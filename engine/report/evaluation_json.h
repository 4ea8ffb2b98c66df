#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "engine/eval/evaluation_report.h"
#include "engine/report/statistics_json.h"

namespace fovea {

// The evaluation document of docs/evaluation.md: stored for a model version and in its feature
// statistics, and the source of the charts. `training` lists the epochs of the run that made the
// model (objects with epoch, train_loss, train_accuracy, val_loss, val_accuracy, lr); null when
// they are not known, and then the key is absent. Numbers have five decimals; areas that do not
// exist are null.
nlohmann::ordered_json evaluation_json(const EvaluationReport& report,
                                       const nlohmann::ordered_json& training = nullptr);

struct TrainedEpoch {
  double epoch = 0;  // from 1
  // NaN: not recorded.
  double train_loss = 0, train_accuracy = 0, val_loss = 0, val_accuracy = 0;
};

struct StoredEvaluation {
  EvaluationReport report;
  std::vector<TrainedEpoch> training;  // empty: not known
};

// Parses the text of an evaluation document from a file or database, and renames keys of versions
// before 0.2. The result is `discarded` when the text is not JSON.
nlohmann::ordered_json parse_evaluation(const std::string& text);

// The inverse of evaluation_json(); an area that is null becomes NaN. The document is not trusted:
// throws FormatError with the path of the value that is missing or malformed.
StoredEvaluation read_evaluation(const nlohmann::ordered_json& document);

// The list of epochs of such a document; other keys are ignored. Throws FormatError.
std::vector<TrainedEpoch> read_epochs(const nlohmann::ordered_json& list);

}  // namespace fovea
