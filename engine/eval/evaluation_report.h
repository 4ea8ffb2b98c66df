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
  std::string image;  // content hash
  int truth = 0, answer = 0;
  double probability = 0;
};

// A model measured on one split of a dataset, with what people want to see of it. As JSON:
// docs/evaluation.md, engine/report/evaluation_json.h.
struct EvaluationReport {
  std::string weights_sha256, data, data_revision, split;
  std::vector<std::string> classes;  // the model's
  float temperature = 1;
  Metrics metrics;  // of the calibrated probabilities
  double ece_uncalibrated = 0;
  std::vector<ClassCurves> curves;           // {classes}
  std::vector<NamedMistake> mistakes;        // surest first, at most 50
  std::optional<DataStatistics> statistics;  // of the whole dataset
  std::int64_t left_out = 0;  // images of the split whose class the model does not know
};

// What a model answered: logits {n, 1, 1, classes}, the right answers, and which image it was
// (content hash; empty: there is no image to show).
struct Answered {
  Tensor logits;
  std::vector<int> labels;
  std::vector<std::string> images;
};

// The report of these answers, without data and statistics. `sha256` is that of the model's
// weights.
EvaluationReport report_answers(const Model& model, const std::string& sha256,
                                const Answered& answered);

// The model on the split's images of the classes it knows. `sha256` is that of the model's
// weights, `data` the dataset's name. Throws IoError; ConfigError when the split has no such
// image.
EvaluationReport evaluate_model(const Model& model, const std::string& sha256,
                                const Dataset& dataset, const std::string& data, Split split,
                                int threads);

}  // namespace fovea
