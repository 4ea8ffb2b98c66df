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

// A Mistake with its image.
struct ImageMistake {
  std::string image;  // content hash
  int truth = 0, predicted = 0;
  double probability = 0;
};

// The evaluation of a model on one split of a dataset. As JSON: docs/evaluation.md,
// engine/report/evaluation_json.h.
struct EvaluationReport {
  std::string weights_sha256, data, data_revision, split;
  std::vector<std::string> classes;  // of the model
  float temperature = 1;
  Metrics metrics;  // of the calibrated probabilities
  double ece_uncalibrated = 0;
  std::vector<ClassCurves> curves;           // {classes}
  std::vector<ImageMistake> mistakes;        // highest confidence first, at most 50
  std::optional<DataStatistics> statistics;  // of the whole dataset
  std::int64_t left_out = 0;  // images of the split whose class the model does not know
};

// Logits of a model for labelled images.
struct LabelledLogits {
  Tensor logits;                    // {n, 1, 1, classes}
  std::vector<int> labels;          // {n}
  std::vector<std::string> images;  // {n}: content hashes; empty: the image is not stored
};

// The report for these logits, without dataset and statistics. `sha256` is that of the model's
// weights.
EvaluationReport make_evaluation_report(const Model& model, const std::string& sha256,
                                        const LabelledLogits& labelled);

// Evaluates the model on the images of the split whose class it knows. `sha256` is that of the
// model's weights, `data` the name of the dataset. Throws IoError; ConfigError when there is no
// such image.
EvaluationReport evaluate_model(const Model& model, const std::string& sha256,
                                const Dataset& dataset, const std::string& data, Split split,
                                int threads);

}  // namespace fovea
