#include "tools/fovea/evaluation.h"

#include <stdexcept>

#include "engine/data/dataset.h"
#include "engine/eval/class_map.h"
#include "engine/eval/evaluate.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "engine/model/network.h"
#include "tools/fovea/common_options.h"

namespace fovea::tools {
Evaluation evaluate(const ModelFile& file, const EvaluationRequest& options) {
  const Model model = read_model(file.bytes);
  const Dataset dataset = open_dataset(options.project.path(), options.data);
  const int threads = threads_or_all(options.threads);
  TrainingSet set = load_training_set(dataset, {parse_split(options.split)}, model.preprocess.size,
                                      model.preprocess.fit, model.preprocess.mean, threads);
  if (set.count() == 0) {
    throw std::runtime_error("the " + options.split + " split of dataset " + options.data +
                             " has no images");
  }
  match_classes(set, model.classes);
  // Folded as in Classifier, so that the metrics are those of its predictions.
  const Network network = fold_batch_norm(model.network);
  Tensor logits = evaluate_logits(network, model.preprocess, set, threads);
  Evaluation report{file.path.string(),
                    weights_sha256(file.bytes),
                    options.data,
                    dataset.revision(),
                    options.split,
                    model.classes,
                    model.temperature,
                    {},
                    0};
  Tensor probabilities;
  softmax(logits, 1, probabilities);
  report.ece_uncalibrated = calibration_bins(probabilities, set.labels).ece();
  softmax(logits, model.temperature, probabilities);
  report.metrics = compute_metrics(probabilities, set.labels);
  return report;
}

Option add_evaluation_options(Verb& verb, EvaluationRequest& request) {
  Option data = add_dataset(verb, request.data, "Dataset to evaluate on");
  add_project_dir(verb, request.project);
  verb.option("--split", request.split, "Split to evaluate on")
      .value_name("SPLIT")
      .one_of({"test", "val", "train"})
      .show_default();
  add_threads(verb, request.threads);
  return data;
}

}  // namespace fovea::tools
