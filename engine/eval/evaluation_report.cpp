#include "engine/eval/report.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/eval/evaluate.h"
#include "engine/model/classifier.h"
#include "engine/model/fold.h"

namespace fovea {

EvaluationReport report_answers(const Model& model, const std::string& sha256,
                                const Answered& answered) {
  EvaluationReport report;
  report.weights_sha256 = sha256;
  report.classes = model.classes;
  report.temperature = model.temperature;
  Tensor probabilities;
  softmax(answered.logits, 1, probabilities);
  report.ece_uncalibrated = compute_metrics(probabilities, answered.labels).ece;
  softmax(answered.logits, model.temperature, probabilities);
  report.metrics = compute_metrics(probabilities, answered.labels);
  for (int c = 0; c < static_cast<int>(model.classes.size()); ++c) {
    report.curves.push_back(class_curves(probabilities, answered.labels, c));
  }
  for (const Mistake& mistake : worst_mistakes(probabilities, answered.labels)) {
    const std::string& image = answered.images[static_cast<std::size_t>(mistake.image)];
    if (image.empty()) continue;
    report.mistakes.push_back({image, mistake.truth, mistake.answer, mistake.probability});
  }
  return report;
}

EvaluationReport evaluate_model(const Model& model, const std::string& sha256,
                                const Dataset& dataset, const std::string& data, Split split,
                                int threads) {
  const auto place = [&](const ImageRecord& image) {
    const std::string& name = dataset.classes()[static_cast<std::size_t>(image.label)];
    const auto found = std::find(model.classes.begin(), model.classes.end(), name);
    return found == model.classes.end() ? -1 : static_cast<int>(found - model.classes.begin());
  };
  Answered answered;
  std::vector<const ImageRecord*> images;
  std::int64_t left_out = 0;
  for (const ImageRecord& image : dataset.images()) {
    if (image.split != split) continue;
    const int label = place(image);
    if (label < 0) {
      ++left_out;
      continue;
    }
    images.push_back(&image);
    answered.labels.push_back(label);
    answered.images.push_back(to_hex(image.hash));
  }
  if (images.empty()) {
    throw ConfigError("dataset " + data + " has no image in its split " + to_string(split) +
                      " of a class that the model knows");
  }
  const TrainingSet set = load_images(dataset, images, model.preprocess.size, model.preprocess.fit,
                                      model.preprocess.mean, threads);
  // Folded as the classifier folds it, so that these are the numbers of its answers.
  answered.logits = evaluate_logits(fold_batch_norm(model.network), model.preprocess, set, threads);
  EvaluationReport report = report_answers(model, sha256, answered);
  report.data = data;
  report.data_revision = dataset.revision();
  report.split = to_string(split);
  report.statistics = measure_data(dataset);
  report.left_out = left_out;
  return report;
}

}  // namespace fovea
