#include "engine/retrain/retrain.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/eval/class_map.h"
#include "engine/eval/evaluate.h"
#include "engine/eval/measure_features.h"
#include "engine/fit/calibrate.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "engine/nn/loss.h"
#include "engine/retrain/bias_correction.h"
#include "engine/retrain/feature_replay.h"
#include "engine/retrain/head_training_set.h"
#include "engine/retrain/holdout.h"
#include "engine/retrain/replay.h"
#include "engine/train/validate.h"

namespace fovea {
namespace {

constexpr double kRidge = 3e-6;       // for HeadFit in frozen mode
constexpr double kStartRidge = 1e-3;  // for HeadFit before fine-tuning
constexpr int kSamples = 1000;        // of features for each old class in frozen mode
constexpr int kIterations = 20;       // of L-BFGS in one epoch of frozen mode
constexpr int kHeadIterations = 60;   // of L-BFGS before fine-tuning
constexpr int kStatistics = 1000;     // images of each class for the new feature statistics
constexpr std::uint64_t kFeatureStream = 5;

class Retraining {
 public:
  Retraining(const Champion& champion, const Dataset& dataset, const std::string& data,
             const RetrainPlan& plan, const GateOptions& gate, int threads,
             RetrainObserver& observer)
      : champion_(champion),
        dataset_(dataset),
        data_(data),
        plan_(plan),
        gate_(gate),
        threads_(threads),
        observer_(observer),
        preprocess_(champion.model.preprocess),
        old_network_(fold_batch_norm(champion.model.network)),
        network_(champion.model.network.with_outputs(int_size(plan.classes))),
        holdout_(plan, dataset, champion.statistics, old_network_, preprocess_, threads),
        old_logits_(holdout_.logits(old_network_)),
        bias_correction_(holdout_, holdout_.calibration_rows(old_logits_), plan.old_classes, gate) {
  }

  Retrained run(std::vector<std::uint8_t> resume) {
    TrainOutcome outcome = start(retrain_phase::kExtractFeatures);
    if (outcome == TrainOutcome::finished) outcome = prepare_head();
    if (outcome == TrainOutcome::finished) {
      outcome = plan_.mode == RetrainMode::frozen ? train_head() : fine_tune(std::move(resume));
    }
    if (outcome == TrainOutcome::finished) outcome = start(retrain_phase::kGate);
    if (outcome == TrainOutcome::finished) return evaluate();
    Model unfinished{std::move(network_), preprocess_, plan_.classes, 1, {}};
    return {outcome, std::move(unfinished), {}, {}, {}, {}, std::move(history_), 1, {}};
  }

 private:
  // `stopped` when the observer ends the retraining at the start of this phase.
  TrainOutcome start(const char* phase) {
    return observer_.on_phase(phase) == Control::stop ? TrainOutcome::stopped
                                                      : TrainOutcome::finished;
  }
  TrainOutcome prepare_head();
  TrainOutcome train_head();
  TrainOutcome fine_tune(std::vector<std::uint8_t> resume);
  TrainOutcome train_all_layers(std::vector<std::uint8_t> resume);
  EpochReport train_head_epoch(HeadFit& fit, int epoch, const std::vector<int>& labels);
  Retrained evaluate();
  FeatureStatistics measure_statistics(const std::string& sha256) const;
  FeatureStatistics measure_new_and_merge(const Network& folded) const;
  FeatureStatistics measure_all(const Network& folded) const;
  Replay::ImagePool image_pool() const;

  const Champion& champion_;
  const Dataset& dataset_;
  const std::string& data_;
  const RetrainPlan& plan_;
  const GateOptions& gate_;
  const int threads_;
  RetrainObserver& observer_;
  const Preprocess& preprocess_;
  const Network old_network_;  // the champion's, batch norm folded
  Network network_;
  const Holdout holdout_;
  const Tensor old_logits_;  // the champion's, of all held-out rows
  const BiasCorrection bias_correction_;
  HeadTrainingSet head_set_;
  std::vector<EpochReport> history_;
  float fine_tuning_kept_ = 1;
};

// The images of fine-tuning: new ones repeated as planned, old ones by class.
Replay::ImagePool Retraining::image_pool() const {
  Replay::ImagePool images;
  images.classes = plan_.classes;
  for (const ImageRecord* image : plan_.new_images.train) {
    const int label = plan_.label(*image);
    images.new_images.insert(images.new_images.end(), plan_.repeats[label], image);
    images.new_labels.insert(images.new_labels.end(), plan_.repeats[label], label);
  }
  images.old_images.resize(plan_.classes.size());
  for (const ImageRecord* image : plan_.old_images.train) {
    images.old_images[plan_.label(*image)].push_back(image);
  }
  return images;
}

// Imprints the new classes. In frozen mode builds the training set of the head; in full mode fits
// the head when there are new classes.
TrainOutcome Retraining::prepare_head() {
  const NewImageFeatures new_features =
      extract_features(plan_, dataset_, preprocess_, old_network_, threads_);
  imprint_weights(network_, plan_.old_classes, new_features);
  const auto make_set = [&](const Tensor& old_features, const std::vector<int>& old_labels) {
    head_set_ = make_head_training_set(new_features, old_features, old_labels, old_network_,
                                       plan_.old_classes, network_.outputs());
  };
  if (plan_.mode == RetrainMode::frozen) {
    std::vector<int> labels;
    const Tensor samples = sample_features(*champion_.statistics, kSamples,
                                           Rng(plan_.recipe.seed).split(kFeatureStream), labels);
    const std::vector<int> class_map = map_classes(champion_.statistics->classes, plan_.classes);
    for (int& label : labels) label = class_map[label];
    make_set(samples, labels);
    return TrainOutcome::finished;
  }
  if (int_size(plan_.classes) == plan_.old_classes) return TrainOutcome::finished;
  // The old images are those that the first epoch replays.
  const Replay replay(dataset_, image_pool(), plan_.replayed, preprocess_, plan_.recipe.seed,
                      threads_);
  TrainingSet old = replay.set();
  const std::ptrdiff_t new_bytes = std::ptrdiff_t{replay.new_count()} * old.size * old.size * 3;
  old.pixels.erase(old.pixels.begin(), old.pixels.begin() + new_bytes);
  old.labels.erase(old.labels.begin(), old.labels.begin() + replay.new_count());
  make_set(evaluate_features(old_network_, preprocess_, old, threads_), old.labels);
  if (start(retrain_phase::kFitHead) == TrainOutcome::stopped) return TrainOutcome::stopped;
  HeadFit(network_, head_set_, kStartRidge, threads_).run(kHeadIterations);
  head_set_ = {};
  return TrainOutcome::finished;
}

// Frozen mode.
TrainOutcome Retraining::train_head() {
  if (start(retrain_phase::kTrainHead) == TrainOutcome::stopped) return TrainOutcome::stopped;
  HeadFit fit(network_, head_set_, kRidge, threads_);
  std::vector<int> labels;  // the most probable target of each row, for the training accuracy
  for (int i = 0; i < head_set_.targets.shape().n; ++i) {
    labels.push_back(head_set_.targets.argmax(i));
  }
  for (int epoch = 0; epoch < plan_.recipe.epochs && !fit.converged(); ++epoch) {
    history_.push_back(train_head_epoch(fit, epoch, labels));
    if (observer_.on_epoch(history_.back(), network_) == Control::stop) {
      return TrainOutcome::stopped;
    }
  }
  bias_correction_.correct_biases(network_);
  return TrainOutcome::finished;
}

EpochReport Retraining::train_head_epoch(HeadFit& fit, int epoch, const std::vector<int>& labels) {
  const auto start_time = std::chrono::steady_clock::now();
  EpochReport report;
  report.epoch = epoch;
  report.train_loss = fit.run(kIterations);
  report.train_accuracy = 1.0 * count_correct(apply_head(network_, head_set_.features), labels) /
                          static_cast<double>(labels.size());
  const LabelledLogits held_out = holdout_.calibration_rows(holdout_.logits(network_));
  if (!held_out.labels.empty()) {
    const auto rows = static_cast<double>(held_out.labels.size());
    Tensor gradient;  // not used
    report.validated = true;
    report.val_loss =
        softmax_cross_entropy(held_out.logits, held_out.labels, {}, gradient, 1) / rows;
    report.val_accuracy = 1.0 * count_correct(held_out.logits, held_out.labels) / rows;
  }
  report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_time).count();
  return report;
}

// Full mode.
TrainOutcome Retraining::fine_tune(std::vector<std::uint8_t> resume) {
  if (start(retrain_phase::kTrain) == TrainOutcome::stopped) return TrainOutcome::stopped;
  const Network initial = network_.clone();
  const TrainOutcome outcome = train_all_layers(std::move(resume));
  if (outcome != TrainOutcome::finished) return outcome;
  if (start(retrain_phase::kCorrectBiases) == TrainOutcome::stopped) return TrainOutcome::stopped;
  network_ = network_.clone();  // frees the activations of training
  fine_tuning_kept_ = bias_correction_.limit_forgetting(network_, initial);
  return outcome;
}

TrainOutcome Retraining::train_all_layers(std::vector<std::uint8_t> resume) {
  Replay replay(dataset_, image_pool(), plan_.replayed, preprocess_, plan_.recipe.seed, threads_);
  FineTuneOptions options;
  options.teacher = &old_network_;
  options.first_distilled = replay.new_count();  // the replayed images
  options.before_epoch = [&replay](int epoch) { replay.load_epoch(epoch); };
  const TrainingSet& val = holdout_.validation();
  TrainResult result = train(network_, replay.set(), val.count() > 0 ? &val : nullptr, preprocess_,
                             plan_.recipe, threads_, observer_, std::move(resume), options);
  history_ = std::move(result.history);
  return result.outcome;
}

FeatureStatistics Retraining::measure_statistics(const std::string& sha256) const {
  const Network folded = fold_batch_norm(network_);
  FeatureStatistics statistics =
      plan_.mode == RetrainMode::frozen ? measure_new_and_merge(folded) : measure_all(folded);
  statistics.evaluation.clear();
  statistics.data = data_;
  statistics.data_revision = dataset_.revision();
  statistics.weights_sha256 = sha256;
  return statistics;
}

// Frozen mode: the features did not change, so those of the new images join the stored statistics.
FeatureStatistics Retraining::measure_new_and_merge(const Network& folded) const {
  const auto labels_of = [&](const std::vector<const ImageRecord*>& images) {
    std::vector<int> labels;
    for (const ImageRecord* image : images) labels.push_back(plan_.label(*image));
    return labels;
  };
  const auto features_of = [&](const std::vector<const ImageRecord*>& images) {
    return image_features(folded, preprocess_, dataset_, images, threads_);
  };
  const auto& train = plan_.new_images.train;
  const auto& test = plan_.new_images.test;
  const FeatureStatistics added = measure_feature_statistics(
      plan_.classes, features_of(train), labels_of(train), features_of(test), labels_of(test));
  return merge_feature_statistics(*champion_.statistics, added, plan_.classes);
}

// Full mode: the features changed, so the statistics are measured on new and old images.
FeatureStatistics Retraining::measure_all(const Network& folded) const {
  struct Selection {
    std::vector<const ImageRecord*> images;
    std::vector<int> labels, counts;
  };
  Selection train, held_out;
  train.counts.resize(plan_.classes.size());
  held_out.counts.resize(plan_.classes.size());
  const auto add = [&](Selection& to, const std::vector<const ImageRecord*>& images, int limit) {
    for (const ImageRecord* image : images) {
      const int label = plan_.label(*image);
      if (to.counts[label]++ >= limit) continue;
      to.images.push_back(image);
      to.labels.push_back(label);
    }
  };
  for (const RetrainPlan::Pool* pool : {&plan_.new_images, &plan_.old_images}) {
    add(train, pool->train, kStatistics);
    add(held_out, pool->test, FeatureStatisticsOptions().held_out_per_class);
  }
  return measure_feature_statistics(
      plan_.classes, image_features(folded, preprocess_, dataset_, train.images, threads_),
      train.labels, image_features(folded, preprocess_, dataset_, held_out.images, threads_),
      held_out.labels);
}

// Temperature, gate, forgetting report, evaluation and feature statistics of the new model.
Retrained Retraining::evaluate() {
  const Model& champion = champion_.model;
  const Tensor logits = holdout_.logits(fold_batch_norm(network_));
  Retrained result{TrainOutcome::finished,
                   {std::move(network_), preprocess_, plan_.classes, 1, {}},
                   {},
                   {},
                   {},
                   {},
                   std::move(history_),
                   fine_tuning_kept_,
                   {}};
  if (fine_tuning_kept_ < 1) {
    result.notes.push_back(
        std::to_string(std::lround(100 * fine_tuning_kept_)) +
        " % of the change by fine-tuning was kept; more of it would have cost the old classes more "
        "accuracy than is allowed.");
  }
  const LabelledLogits calibration = holdout_.calibration_rows(logits);
  result.model.temperature = champion.temperature;
  if (!calibration.labels.empty()) {
    const Temperature temperature = fit_temperature(calibration.logits, calibration.labels);
    result.model.temperature = temperature.value;
    if (temperature.few_images()) {
      result.notes.push_back("There are too few images to calibrate the probabilities: with " +
                             std::to_string(temperature.images) +
                             (temperature.images == 1 ? " image" : " images") +
                             " for calibration they may be too high or too low.");
    }
  }
  Tensor before, after;
  const LabelledLogits old_test = holdout_.gate_rows(old_logits_);
  const LabelledLogits new_test = holdout_.gate_rows(logits);
  softmax(old_test.logits, champion.temperature, before);
  softmax(new_test.logits, result.model.temperature, after);
  const Comparison comparison{before, after, new_test.labels, champion.classes, plan_.classes};
  result.verdict = run_gate(comparison, gate_);
  result.forgetting = report_forgetting(comparison);

  if (start(retrain_phase::kMeasure) == TrainOutcome::stopped) {
    result.outcome = TrainOutcome::stopped;
    return result;
  }
  const std::string sha256 = weights_sha256(write_model(result.model));
  const LabelledLogits reported = holdout_.reported_rows(logits);
  if (!reported.labels.empty()) {
    result.evaluation = make_evaluation_report(result.model, sha256, reported);
    result.evaluation.data = data_;
    result.evaluation.data_revision = dataset_.revision();
    result.evaluation.split = to_string(Split::test);
    result.evaluation.statistics = measure_data(dataset_);
  }
  network_ = result.model.network.clone();
  result.statistics = measure_statistics(sha256);
  return result;
}

}  // namespace

Retrained retrain(const Champion& champion, const Dataset& dataset, const std::string& data,
                  const RetrainPlan& plan, const GateOptions& gate, int threads,
                  RetrainObserver& observer, std::vector<std::uint8_t> resume) {
  return Retraining(champion, dataset, data, plan, gate, threads, observer).run(std::move(resume));
}

}  // namespace fovea
