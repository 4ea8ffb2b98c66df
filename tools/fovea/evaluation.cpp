#include "tools/fovea/evaluation.h"

#include <stdexcept>

#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/eval/class_map.h"
#include "engine/eval/evaluate.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "engine/model/network.h"

namespace fovea::tools {
namespace {

Split parse_split(const std::string& text) {
  return text == "train" ? Split::train : text == "val" ? Split::val : Split::test;
}

}  // namespace

Evaluation evaluate(const ModelFile& file, const EvaluationRequest& options) {
  const Model model = read_model(file.bytes);
  const auto folder =
      options.data_dir.empty() ? default_data_dir() : std::filesystem::path(options.data_dir);
  const Dataset dataset = Dataset::open(dataset_folder(folder, options.data));
  const int threads = options.threads > 0 ? options.threads : available_threads();
  TrainingSet set = load_training_set(dataset, {parse_split(options.split)}, model.preprocess.size,
                                      model.preprocess.fit, model.preprocess.mean, threads);
  if (set.count() == 0) {
    throw std::runtime_error("dataset " + options.data + " has no images in its split " +
                             options.split);
  }
  match_classes(set, model.classes);
  // Folded as the classifier folds it, so that these are the numbers of its answers.
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
  report.ece_uncalibrated = compute_metrics(probabilities, set.labels).ece;
  softmax(logits, model.temperature, probabilities);
  report.metrics = compute_metrics(probabilities, set.labels);
  return report;
}

void add_evaluation_options(Verb& verb, EvaluationRequest& request) {
  verb.option("--data", request.data, "Name of the dataset").required();
  verb.option("--data-dir", request.data_dir, "Where datasets are kept");
  verb.option("--split", request.split, "Which images (default: test)")
      .one_of({"test", "val", "train"});
  verb.option("--threads", request.threads, "Threads (default: all that this process may use)")
      .range(1, 1024);
}

}  // namespace fovea::tools
