#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/eval/curves.h"
#include "engine/eval/data_statistics.h"
#include "engine/eval/metrics.h"
#include "engine/model/model.h"

namespace fovea {

struct NamedMistake {
  std::string picture;  // content hash
  int truth = 0, answer = 0;
  double probability = 0;
};

// A model measured on one split of a dataset, with what people want to see of it. As JSON:
// docs/evaluation.md, server/judging/evaluation_json.h.
struct EvaluationReport {
  std::string weights_sha256, data, data_revision, split;
  std::vector<std::string> classes;  // the model's
  float temperature = 1;
  Metrics metrics;  // of the calibrated probabilities
  double ece_uncalibrated = 0;
  std::vector<ClassCurves> curves;           // {classes}
  std::vector<NamedMistake> mistakes;        // surest first, at most 50
  std::optional<DataStatistics> statistics;  // of the whole dataset
};

// `sha256` is that of the model's weights, `data` the dataset's name. Throws IoError; ShapeError
// when the split has no pictures or the dataset has classes that the model does not know.
EvaluationReport evaluate_model(const Model& model, const std::string& sha256,
                                const Dataset& dataset, const std::string& data, Split split,
                                int threads);

}  // namespace fovea
