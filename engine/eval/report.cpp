#include "engine/eval/report.h"

#include "engine/core/error.h"
#include "engine/eval/evaluate.h"
#include "engine/eval/features.h"
#include "engine/model/classifier.h"
#include "engine/model/fold.h"

namespace fovea {

EvaluationReport evaluate_model(const Model& model, const std::string& sha256,
                                const Dataset& dataset, const std::string& data, Split split,
                                int threads) {
  TrainingSet set = load_training_set(dataset, {split}, model.preprocess.size, model.preprocess.fit,
                                      model.preprocess.mean);
  if (set.count() == 0) {
    throw ShapeError("dataset " + data + " has no pictures in its split " + to_string(split));
  }
  match_classes(set, model.classes);
  // Folded as the classifier folds it, so that these are the numbers of its answers.
  const Tensor logits =
      evaluate_logits(fold_batch_norm(model.network), model.preprocess, set, threads);
  EvaluationReport report;
  report.weights_sha256 = sha256;
  report.data = data;
  report.data_revision = dataset.revision();
  report.split = to_string(split);
  report.classes = model.classes;
  report.temperature = model.temperature;
  Tensor probabilities;
  softmax(logits, 1, probabilities);
  report.ece_uncalibrated = compute_metrics(probabilities, set.labels).ece;
  softmax(logits, model.temperature, probabilities);
  report.metrics = compute_metrics(probabilities, set.labels);
  for (int c = 0; c < static_cast<int>(model.classes.size()); ++c) {
    report.curves.push_back(class_curves(probabilities, set.labels, c));
  }
  std::vector<const Picture*> pictures;  // in the order of load_training_set
  for (const Picture& picture : dataset.pictures()) {
    if (picture.split == split) pictures.push_back(&picture);
  }
  for (const Mistake& mistake : worst_mistakes(probabilities, set.labels)) {
    const Picture& picture = *pictures[static_cast<std::size_t>(mistake.picture)];
    report.mistakes.push_back(
        {to_hex(picture.hash), mistake.truth, mistake.answer, mistake.probability});
  }
  report.statistics = measure_data(dataset);
  return report;
}

}  // namespace fovea
