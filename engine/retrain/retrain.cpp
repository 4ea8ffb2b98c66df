#include "engine/retrain/retrain.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/core/error.h"
#include "engine/eval/bundle.h"
#include "engine/eval/calibrate.h"
#include "engine/eval/features.h"
#include "engine/model/classifier.h"
#include "engine/model/fold.h"
#include "engine/model/model_file.h"
#include "engine/nn/loss.h"
#include "engine/retrain/bias_correction.h"
#include "engine/retrain/feature_replay.h"
#include "engine/retrain/head_targets.h"
#include "engine/retrain/holdout.h"
#include "engine/retrain/replay.h"
#include "engine/train/validate.h"

namespace fovea {
namespace {

constexpr double kRidge = 3e-6;       // of the head alone, see HeadFit
constexpr double kStartRidge = 1e-3;  // of a head that goes on learning with the other layers
constexpr int kDrawn = 1000;          // features a class that stand for old images
constexpr int kIterations = 20;       // of L-BFGS in one epoch of frozen mode
constexpr int kHeadIterations = 60;   // before fine-tuning
constexpr int kStatistics = 1000;     // images a class behind the new bundle's statistics
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
        network_(champion.model.network.with_outputs(static_cast<int>(plan.classes.size()))),
        held_out_(plan, dataset, champion.bundle, old_network_, preprocess_, threads),
        old_logits_(held_out_.logits(old_network_)),
        old_accuracy_(held_out_, held_out_.calibrating(old_logits_), plan.old_classes, gate) {}

  Retrained run(std::vector<std::uint8_t> resume) {
    Outcome outcome = phase("looking at the new images") ? prepare_head() : Outcome::stopped;
    if (outcome == Outcome::finished) {
      outcome = plan_.mode == RetrainMode::frozen ? fit_frozen() : fine_tune(std::move(resume));
    }
    if (outcome == Outcome::finished && !phase("judging")) outcome = Outcome::stopped;
    if (outcome != Outcome::finished) return stopped(outcome);
    return judge_and_describe();
  }

 private:
  bool phase(const std::string& name) { return observer_.on_phase(name) != Control::stop; }
  Retrained stopped(Outcome outcome) {
    Model model{std::move(network_), preprocess_, plan_.classes, 1, {}};
    return {outcome, std::move(model), {}, {}, {}, {}, std::move(history_), 1, {}};
  }

  Outcome prepare_head();
  Outcome fit_frozen();
  Outcome fine_tune(std::vector<std::uint8_t> resume);
  Outcome train_all_layers(std::vector<std::uint8_t> resume);
  Retrained judge_and_describe();
  FeatureBundle describe(const std::string& sha256) const;
  Replay::ImagePool shown() const;

  const Champion& champion_;
  const Dataset& dataset_;
  const std::string& data_;
  const RetrainPlan& plan_;
  const GateOptions& gate_;
  const int threads_;
  RetrainObserver& observer_;
  const Preprocess& preprocess_;
  const Network old_network_;  // the champion's, folded
  Network network_;
  const Holdout held_out_;
  const Tensor old_logits_;  // the champion's, of all held-out rows
  const BiasCorrection old_accuracy_;
  HeadTargets task_;
  std::vector<EpochReport> history_;
  float tuning_ = 1;  // share of fine-tuning that was kept
};

Replay::ImagePool Retraining::shown() const {
  Replay::ImagePool images;
  images.classes = plan_.classes;
  for (const ImageRecord* image : plan_.fresh.train) {
    const int label = plan_.label(*image);
    const auto times = static_cast<std::size_t>(plan_.repeats[static_cast<std::size_t>(label)]);
    images.fresh.insert(images.fresh.end(), times, image);
    images.fresh_labels.insert(images.fresh_labels.end(), times, label);
  }
  images.old.resize(plan_.classes.size());
  for (const ImageRecord* image : plan_.old.train) {
    images.old[static_cast<std::size_t>(plan_.label(*image))].push_back(image);
  }
  return images;
}

Outcome Retraining::prepare_head() {
  const FreshFeatures fresh =
      extract_features(plan_, dataset_, preprocess_, old_network_, threads_);
  imprint(network_, plan_.old_classes, fresh);
  const auto make_task = [&](const Tensor& features, const std::vector<int>& labels) {
    task_ = make_head_targets(fresh, features, labels, old_network_, plan_.old_classes,
                              network_.outputs());
  };
  if (plan_.mode == RetrainMode::frozen) {
    std::vector<int> labels;
    const Tensor drawn = sample_features(*champion_.bundle, kDrawn,
                                         Rng(plan_.recipe.seed).split(kFeatureStream), labels);
    const std::vector<int> places = class_places(champion_.bundle->classes, plan_.classes);
    for (int& label : labels) label = places[static_cast<std::size_t>(label)];
    make_task(drawn, labels);
    return Outcome::finished;
  }
  if (plan_.classes.size() == static_cast<std::size_t>(plan_.old_classes)) {
    return Outcome::finished;  // the head knows all classes already
  }
  const Replay replay(dataset_, shown(), plan_.replayed, preprocess_, plan_.recipe.seed, threads_);
  TrainingSet old = replay.set();
  const auto fresh_bytes = static_cast<std::ptrdiff_t>(
      static_cast<std::size_t>(replay.fresh()) * std::size_t(old.size) * std::size_t(old.size) * 3);
  old.pixels.erase(old.pixels.begin(), old.pixels.begin() + fresh_bytes);
  old.labels.erase(old.labels.begin(), old.labels.begin() + replay.fresh());
  make_task(evaluate_features(old_network_, preprocess_, old, threads_), old.labels);
  if (!phase("fitting the head")) return Outcome::stopped;
  HeadFit(network_, task_, kStartRidge, threads_).improve(kHeadIterations);
  task_ = {};
  return Outcome::finished;
}

Outcome Retraining::fit_frozen() {
  if (!phase("training the head")) return Outcome::stopped;
  HeadFit fit(network_, task_, kRidge, threads_);
  std::vector<int> wanted;  // the likeliest target of each row
  for (int i = 0; i < task_.targets.shape().n; ++i) {
    const Scalar* row = task_.targets.image(i);
    wanted.push_back(static_cast<int>(std::max_element(row, row + network_.outputs()) - row));
  }
  for (int epoch = 0; epoch < plan_.recipe.epochs && !fit.converged(); ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    EpochReport report;
    report.epoch = epoch;
    report.train_loss = fit.improve(kIterations);
    report.train_accuracy = 1.0 * count_correct(apply_head(network_, task_.features), wanted) /
                            static_cast<double>(wanted.size());
    const Answered answered = held_out_.calibrating(held_out_.logits(network_));
    if (!answered.labels.empty()) {
      Tensor unused;
      report.validated = true;
      report.val_loss = softmax_cross_entropy(answered.logits, answered.labels, {}, unused, 1) /
                        static_cast<double>(answered.labels.size());
      report.val_accuracy = 1.0 * count_correct(answered.logits, answered.labels) /
                            static_cast<double>(answered.labels.size());
    }
    report.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    history_.push_back(report);
    if (observer_.on_epoch(report, network_) == Control::stop) return Outcome::stopped;
  }
  old_accuracy_.balance(network_);
  return Outcome::finished;
}

Outcome Retraining::fine_tune(std::vector<std::uint8_t> resume) {
  if (!phase("training")) return Outcome::stopped;
  const Network start = network_.clone();
  const Outcome outcome = train_all_layers(std::move(resume));
  if (outcome != Outcome::finished) return outcome;
  if (!phase("balancing old and new")) return Outcome::stopped;
  network_ = network_.clone();  // without the activations that training keeps
  tuning_ = old_accuracy_.limit_forgetting(network_, start);
  return outcome;
}

Outcome Retraining::train_all_layers(std::vector<std::uint8_t> resume) {
  Replay replay(dataset_, shown(), plan_.replayed, preprocess_, plan_.recipe.seed, threads_);
  TrainExtras extras;
  extras.teacher = &old_network_;
  extras.first_taught = replay.fresh();
  extras.before_epoch = [&replay](int epoch) { replay.fill(epoch); };
  const TrainingSet& val = held_out_.validation();
  TrainResult result = train(network_, replay.set(), val.count() > 0 ? &val : nullptr, preprocess_,
                             plan_.recipe, threads_, observer_, std::move(resume), extras);
  history_ = std::move(result.history);
  return result.outcome;
}

FeatureBundle Retraining::describe(const std::string& sha256) const {
  const Network folded = fold_batch_norm(network_);
  FeatureBundle bundle;
  if (plan_.mode == RetrainMode::frozen) {
    const auto labels_of = [&](const std::vector<const ImageRecord*>& images) {
      std::vector<int> labels;
      for (const ImageRecord* image : images) labels.push_back(plan_.label(*image));
      return labels;
    };
    const auto features_of = [&](const std::vector<const ImageRecord*>& images) {
      return image_features(folded, preprocess_, dataset_, images, threads_);
    };
    const FeatureBundle fresh =
        make_bundle(plan_.classes, features_of(plan_.fresh.train), labels_of(plan_.fresh.train),
                    features_of(plan_.fresh.test), labels_of(plan_.fresh.test));
    bundle = merge_bundles(*champion_.bundle, fresh, plan_.classes);
  } else {
    std::vector<const ImageRecord*> chosen, held;
    std::vector<int> labels, held_labels, taken(plan_.classes.size()), kept(plan_.classes.size());
    const BundleOptions options;
    const auto add = [&](const RetrainPlan::Pool& pool) {
      for (const ImageRecord* image : pool.train) {
        const int label = plan_.label(*image);
        if (taken[static_cast<std::size_t>(label)]++ >= kStatistics) continue;
        chosen.push_back(image);
        labels.push_back(label);
      }
      for (const ImageRecord* image : pool.test) {
        const int label = plan_.label(*image);
        if (kept[static_cast<std::size_t>(label)]++ >= options.held_out_per_class) continue;
        held.push_back(image);
        held_labels.push_back(label);
      }
    };
    add(plan_.fresh);
    add(plan_.old);
    bundle = make_bundle(
        plan_.classes, image_features(folded, preprocess_, dataset_, chosen, threads_), labels,
        image_features(folded, preprocess_, dataset_, held, threads_), held_labels);
  }
  bundle.evaluation.clear();
  bundle.data = data_;
  bundle.data_revision = dataset_.revision();
  bundle.weights_sha256 = sha256;
  return bundle;
}

Retrained Retraining::judge_and_describe() {
  const Model& champion = champion_.model;
  const Tensor logits = held_out_.logits(fold_batch_norm(network_));
  Retrained made{Outcome::finished,
                 {std::move(network_), preprocess_, plan_.classes, 1, {}},
                 {},
                 {},
                 {},
                 {},
                 std::move(history_),
                 tuning_,
                 {}};
  if (tuning_ < 1) {
    made.notes.push_back(
        "Of what fine-tuning changed, " + std::to_string(std::lround(100 * tuning_)) +
        " % were kept: more would have cost the old classes more than is allowed.");
  }
  const Answered calibrating = held_out_.calibrating(logits);
  made.model.temperature = calibrating.labels.empty()
                               ? champion.temperature
                               : fit_temperature(calibrating.logits, calibrating.labels);
  Tensor before, after;
  const Answered old_answers = held_out_.judging(old_logits_);
  const Answered new_answers = held_out_.judging(logits);
  softmax(old_answers.logits, champion.temperature, before);
  softmax(new_answers.logits, made.model.temperature, after);
  const Comparison comparison{before, after, new_answers.labels, champion.classes, plan_.classes};
  made.verdict = judge(comparison, gate_);
  made.forgetting = report_forgetting(comparison);

  if (!phase("describing the new model")) {
    made.outcome = Outcome::stopped;
    return made;
  }
  const std::string sha256 = weights_sha256(write_model(made.model));
  const Answered reported = held_out_.reported(logits);
  if (!reported.labels.empty()) {
    made.evaluation = report_answers(made.model, sha256, reported);
    made.evaluation.data = data_;
    made.evaluation.data_revision = dataset_.revision();
    made.evaluation.split = to_string(Split::test);
    made.evaluation.statistics = measure_data(dataset_);
  }
  network_ = made.model.network.clone();
  made.bundle = describe(sha256);
  return made;
}

}  // namespace

Retrained retrain(const Champion& champion, const Dataset& dataset, const std::string& data,
                  const RetrainPlan& plan, const GateOptions& gate, int threads,
                  RetrainObserver& observer, std::vector<std::uint8_t> resume) {
  return Retraining(champion, dataset, data, plan, gate, threads, observer).run(std::move(resume));
}

}  // namespace fovea
