#pragma once

#include <string>
#include <vector>

#include "engine/eval/metrics.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/options.h"

namespace fovea::tools {

// The images to evaluate a model on.
struct EvaluationRequest {
  std::string data, split = "test";
  ProjectDir project;
  int threads = 0;  // 0: all that are available
};

// The options --data, --data-dir, --project, --split and --threads. Returns --data, which is not
// required.
Option add_evaluation_options(Verb& verb, EvaluationRequest& request);

struct Evaluation {
  std::string model, sha256, data, revision, split;
  std::vector<std::string> classes;
  float temperature = 1;
  Metrics metrics;  // of the calibrated probabilities
  double ece_uncalibrated = 0;
};

// Throws what reading the model and the dataset throws, and std::runtime_error if the split is
// empty or has classes that the model does not know.
Evaluation evaluate(const ModelFile& file, const EvaluationRequest& request);

}  // namespace fovea::tools
