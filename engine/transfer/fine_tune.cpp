#include "engine/transfer/fine_tune.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/training_set.h"
#include "engine/eval/evaluate.h"
#include "engine/fit/log_loss.h"
#include "engine/train/trainer.h"
#include "engine/train/validate.h"

namespace fovea {
namespace {

constexpr int kBatch = 16;
constexpr std::int64_t kLaneBytes = 256 << 20;        // of the kept activations of a lane
constexpr std::int64_t kActivationBytes = 512 << 20;  // of all lanes that run at once
constexpr int kMaxLane = 4;

// Numbers of one image that forward() keeps for backward(): the output of each layer, unless it is
// the input that is changed, and what is inside residual layers. Batch norm is part of the
// convolution before it (FoldedTraining).
std::int64_t kept_activations(const std::vector<LayerSpec>& specs, Shape shape) {
  const Sequential sequential = build_layers(specs, shape, "");
  std::int64_t total = 0;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const Layer& layer = *sequential.layers()[i];
    if (const auto* residual = std::get_if<ResidualSpec>(&specs[i].kind)) {
      total += kept_activations(residual->block, shape);
    }
    shape = layer.output_shape(shape);
    const bool norm = std::holds_alternative<BatchNormSpec>(specs[i].kind);
    if (!layer.in_place() && !norm) total += shape.per_image();
  }
  return total;
}

std::int64_t bytes_of_image(const Network& network) {
  return kept_activations(network.spec().layers, network.spec().input) *
         std::int64_t{sizeof(Scalar)};
}

// More images at once than this would be faster on many processors, but need more memory.
int lanes_at_once(const Network& network, int threads) {
  const std::int64_t lane = fine_tune_recipe(network, 1, false).lane * bytes_of_image(network);
  return static_cast<int>(std::clamp<std::int64_t>(kActivationBytes / lane, 1, threads));
}

int epochs_for(int images) {
  return images < 500 ? 15 : 10;
}

// How many folds are evaluated, of images that are divided evenly.
int evaluated_folds(int images) {
  const int of_fold = std::max(images / kFineTuneFolds, 1);
  return std::clamp((kEvaluatedImages + of_fold - 1) / of_fold, 1, kFineTuneFolds);
}

// Adds the progress of one training to that of all.
class Observer : public TrainObserver {
 public:
  Observer(const std::function<bool(double)>& progress, std::int64_t total)
      : progress_(progress), total_(total) {}
  Control on_batch(const BatchReport& report) override {
    done_ += report.images;
    const double fraction = static_cast<double>(done_) / static_cast<double>(total_);
    const bool go_on = !progress_ || progress_(std::min(fraction, 1.0));
    return go_on ? Control::keep_going : Control::stop;
  }

 private:
  const std::function<bool(double)>& progress_;
  const std::int64_t total_;
  std::int64_t done_ = 0;
};

class FineTuning {
 public:
  FineTuning(const FineTuneInput& input, int threads, const std::function<bool(double)>& progress)
      : input_(input),
        threads_(threads),
        lanes_(lanes_at_once(input.model.network, threads)),
        count_(int_size(input.images)),
        observer_(progress, fine_tune_passes(count_)) {
    std::vector<int> of_class(input.model.classes.size());
    for (const ImageRecord* image : input.images) {
      fold_.push_back(of_class[image->label]++ % kFineTuneFolds);
    }
    too_few_ = *std::max_element(of_class.begin(), of_class.end()) < kFineTuneFolds;
  }

  FineTuned run() {
    FineTuned result{{}, input_.model.network.clone(), {}, {}, {}};
    if (too_few_) {
      result.verdict.too_few = true;
      return result;
    }
    try {
      if (!evaluate(result)) result.verdict.stopped = true;
      if (result.verdict.better && !train_network(result.network, all_images())) {
        result.verdict = {.stopped = true};
      }
    } catch (const TrainingDiverged&) {
      result.verdict = {.diverged = true};
    }
    return result;
  }

 private:
  std::vector<int> all_images() const {
    std::vector<int> all;
    for (int i = 0; i < count_; ++i) all.push_back(i);
    return all;
  }

  bool evaluate(FineTuned& result);
  bool evaluate_fold(int fold, Tensor& frozen, Tensor& tuned);
  bool train_network(Network& network, const std::vector<int>& images);
  TrainingSet load(const std::vector<int>& images) const;
  ImageFeatures features_of(const std::vector<int>& images, int views) const;

  const FineTuneInput& input_;
  const int threads_, lanes_, count_;
  Observer observer_;
  std::vector<int> fold_;  // of each image
  bool too_few_ = false;
};

TrainingSet FineTuning::load(const std::vector<int>& images) const {
  std::vector<const ImageRecord*> records;
  for (const int i : images) records.push_back(input_.images[i]);
  const Preprocess& preprocess = input_.model.preprocess;
  return load_images(input_.dataset, records, preprocess.size, preprocess.fit, preprocess.mean,
                     threads_);
}

// The first views of these images.
ImageFeatures FineTuning::features_of(const std::vector<int>& images, int views) const {
  const int dim = input_.features.features.shape().c;
  ImageFeatures chosen{views, Tensor({int_size(images) * views, 1, 1, dim}), {}};
  for (int i = 0; i < int_size(images); ++i) {
    std::copy_n(input_.features.features.image(images[i] * input_.features.views),
                std::ptrdiff_t{views} * dim, chosen.features.image(i * views));
    chosen.labels.push_back(input_.features.labels[images[i]]);
  }
  return chosen;
}

// False: stopped.
bool FineTuning::train_network(Network& network, const std::vector<int>& images) {
  const TrainingSet set = load(images);
  const Recipe recipe = fine_tune_recipe(network, count_, input_.head.views > 1);
  const TrainResult result =
      train(network, set, nullptr, input_.model.preprocess, recipe, lanes_, observer_);
  return result.outcome == TrainOutcome::finished;
}

// Writes the logits of the images of a fold by a head and by a network that were trained on the
// other images, into rows of {count, 1, 1, classes}. False: stopped.
bool FineTuning::evaluate_fold(int fold, Tensor& frozen, Tensor& tuned) {
  std::vector<int> others, held_out;
  for (int i = 0; i < count_; ++i) (fold_[i] == fold ? held_out : others).push_back(i);
  Network network = input_.model.network.clone();
  fit_head(network, features_of(others, input_.head.views), input_.head, threads_);
  const auto copy_rows = [&](const Tensor& from, Tensor& to) {
    for (int i = 0; i < int_size(held_out); ++i) {
      std::copy_n(from.image(i), network.outputs(), to.image(held_out[i]));
    }
  };
  copy_rows(apply_head(network, features_of(held_out, 1).features), frozen);
  if (!train_network(network, others)) return false;
  copy_rows(
      evaluate_logits(fold_batch_norm(network), input_.model.preprocess, load(held_out), threads_),
      tuned);
  return true;
}

// False: stopped.
bool FineTuning::evaluate(FineTuned& result) {
  FineTuneVerdict& verdict = result.verdict;
  const int classes = input_.model.network.outputs();
  Tensor frozen({count_, 1, 1, classes}), tuned({count_, 1, 1, classes});
  verdict.folds = evaluated_folds(count_);
  for (int fold = 0; fold < verdict.folds; ++fold) {
    if (!evaluate_fold(fold, frozen, tuned)) return false;
  }
  std::vector<int> labels;
  for (int i = 0; i < count_; ++i) {
    if (fold_[i] >= verdict.folds) continue;
    result.evaluated.push_back(i);
    labels.push_back(input_.features.labels[i]);
  }
  verdict.images = int_size(labels);
  const auto rows = [&](const Tensor& all) {
    Tensor chosen({verdict.images, 1, 1, classes});
    for (int i = 0; i < verdict.images; ++i) {
      std::copy_n(all.image(result.evaluated[i]), classes, chosen.image(i));
    }
    return chosen;
  };
  const Tensor frozen_logits = rows(frozen);
  result.logits = rows(tuned);
  result.temperature = fit_temperature(result.logits, labels);
  const auto frozen_losses =
      log_losses(frozen_logits, labels, fit_temperature(frozen_logits, labels).value);
  const auto tuned_losses = log_losses(result.logits, labels, result.temperature.value);
  verdict.frozen_accuracy = 1.0 * count_correct(frozen_logits, labels) / verdict.images;
  verdict.tuned_accuracy = 1.0 * count_correct(result.logits, labels) / verdict.images;
  verdict.frozen_log_loss = mean_of(frozen_losses);
  verdict.tuned_log_loss = mean_of(tuned_losses);
  verdict.better = clearly_lower(tuned_losses, frozen_losses) &&
                   verdict.tuned_accuracy >= verdict.frozen_accuracy;
  return true;
}

std::string percent(double fraction) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * fraction);
  return text;
}

std::string decimals(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

}  // namespace

std::string describe(const FineTuneVerdict& verdict) {
  if (verdict.stopped) return "Fine-tuning was stopped. The network keeps the pretrained layers.";
  if (verdict.diverged) {
    return "Fine-tuning diverged. The network keeps the pretrained layers.";
  }
  if (verdict.too_few) {
    return "Fine-tuning was skipped: no class has " + std::to_string(kFineTuneFolds) +
           " images, which are needed to evaluate it.";
  }
  return "Of " + std::to_string(verdict.images) + " held-out images, " +
         percent(verdict.frozen_accuracy) + " were classified correctly with the pretrained " +
         "layers as they are, " + percent(verdict.tuned_accuracy) + " with fine-tuned ones " +
         "(log loss " + decimals(verdict.frozen_log_loss) + " and " +
         decimals(verdict.tuned_log_loss) + "). The " +
         (verdict.better ? "fine-tuned network was kept."
                         : "pretrained layers were kept: fine-tuning is not clearly better.");
}

Recipe fine_tune_recipe(const Network& network, int images, bool mirror) {
  Recipe recipe;
  recipe.epochs = epochs_for(images);
  recipe.batch = kBatch;
  // Without statistics of batches, the size of a lane determines the memory alone.
  recipe.lane =
      static_cast<int>(std::clamp<std::int64_t>(kLaneBytes / bytes_of_image(network), 1, kMaxLane));
  recipe.lr = 3e-4f;
  recipe.head_lr = 3;
  recipe.optimizer = {.kind = OptimizerKind::adamw, .weight_decay = 0.01f};
  recipe.label_smoothing = 0.1f;
  recipe.ema_decay = 0;  // a cycle that ends at a rate of 0 needs no average
  recipe.freeze_statistics = true;
  recipe.augment = {.flip = mirror, .shift = 0, .brightness = 0.2f, .contrast = 0.2f, .crop = 0.5f};
  return recipe;
}

std::int64_t fine_tune_passes(int images) {
  const std::int64_t held_out = std::int64_t{evaluated_folds(images)} * images / kFineTuneFolds;
  return (std::int64_t{evaluated_folds(images) + 1} * images - held_out) * epochs_for(images);
}

std::int64_t fine_tune_activation_bytes(const Network& network, int threads) {
  // Besides them, each thread has two gradients of the largest activations of the network and of
  // each residual block.
  const std::int64_t lane = fine_tune_recipe(network, 1, false).lane * bytes_of_image(network);
  return lanes_at_once(network, threads) * lane * 2;
}

FineTuned fine_tune(const FineTuneInput& input, int threads,
                    const std::function<bool(double)>& progress) {
  return FineTuning(input, threads, progress).run();
}

}  // namespace fovea
