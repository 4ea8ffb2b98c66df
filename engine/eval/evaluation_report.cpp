#include "engine/eval/evaluation_report.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/training_set.h"
#include "engine/eval/evaluate.h"
#include "engine/model/classifier.h"
#include "engine/model/network.h"

namespace fovea {

EvaluationReport make_evaluation_report(const Model& model, const std::string& sha256,
                                        const LabelledLogits& labelled) {
  EvaluationReport report;
  report.weights_sha256 = sha256;
  report.classes = model.classes;
  report.temperature = model.temperature;
  Tensor probabilities;
  softmax(labelled.logits, 1, probabilities);
  report.ece_uncalibrated = calibration_bins(probabilities, labelled.labels).ece();
  softmax(labelled.logits, model.temperature, probabilities);
  report.metrics = compute_metrics(probabilities, labelled.labels);
  for (int c = 0; c < int_size(model.classes); ++c) {
    report.curves.push_back(class_curves(probabilities, labelled.labels, c));
  }
  for (const Mistake& mistake : worst_mistakes(probabilities, labelled.labels)) {
    const std::string& image = labelled.images[mistake.image];
    if (image.empty()) continue;
    report.mistakes.push_back({image, mistake.truth, mistake.predicted, mistake.probability});
  }
  return report;
}

EvaluationReport evaluate_model(const Model& model, const std::string& sha256,
                                const Dataset& dataset, const std::string& data, Split split,
                                int threads) {
  const auto model_label = [&](const ImageRecord& image) {  // -1: the model does not know the class
    const std::string& name = dataset.classes()[image.label];
    const auto found = std::find(model.classes.begin(), model.classes.end(), name);
    return found == model.classes.end() ? -1 : static_cast<int>(found - model.classes.begin());
  };
  LabelledLogits labelled;
  std::vector<const ImageRecord*> images;
  std::int64_t left_out = 0;
  for (const ImageRecord& image : dataset.images()) {
    if (image.split != split) continue;
    const int label = model_label(image);
    if (label < 0) {
      ++left_out;
      continue;
    }
    images.push_back(&image);
    labelled.labels.push_back(label);
    labelled.images.push_back(to_hex(image.hash));
  }
  if (images.empty()) {
    throw ConfigError("the " + to_string(split) + " split of dataset " + data +
                      " has no image of a class that the model knows");
  }
  const TrainingSet set = load_images(dataset, images, model.preprocess.size, model.preprocess.fit,
                                      model.preprocess.mean, threads);
  // With batch norm folded as in Classifier, so that the numbers are those of real predictions.
  labelled.logits = evaluate_logits(fold_batch_norm(model.network), model.preprocess, set, threads);
  EvaluationReport report = make_evaluation_report(model, sha256, labelled);
  report.data = data;
  report.data_revision = dataset.revision();
  report.split = to_string(split);
  report.statistics = measure_data(dataset);
  report.left_out = left_out;
  return report;
}

}  // namespace fovea
