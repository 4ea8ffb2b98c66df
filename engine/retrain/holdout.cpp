#include "engine/retrain/holdout.h"

#include <algorithm>

#include "engine/eval/class_map.h"
#include "engine/eval/evaluate.h"

namespace fovea {
namespace {

constexpr int kManyRows = 400;  // old rows of a class from which every second is for calibration
constexpr int kMaxValidation = 100;  // validation images of each class

// compute(set) -> {n, 1, 1, width} for these images, a chunk of them at a time.
template <class Compute>
Tensor compute_in_chunks(const Preprocess& preprocess, const Dataset& dataset,
                         const std::vector<const ImageRecord*>& images, int width, int threads,
                         Compute compute) {
  Tensor all({int_size(images), 1, 1, width});
  for (std::size_t first = 0; first < images.size(); first += kHoldoutChunk) {
    const std::size_t end = std::min(images.size(), first + kHoldoutChunk);
    const TrainingSet set = load_images(dataset, {images.begin() + first, images.begin() + end},
                                        preprocess.size, preprocess.fit, preprocess.mean, threads);
    const Tensor chunk = compute(set);
    std::copy_n(chunk.data(), chunk.size(), all.image(static_cast<int>(first)));
  }
  return all;
}

}  // namespace

Tensor image_features(const Network& network, const Preprocess& preprocess, const Dataset& dataset,
                      const std::vector<const ImageRecord*>& images, int threads) {
  return compute_in_chunks(
      preprocess, dataset, images, network.feature_dim(), threads,
      [&](const TrainingSet& set) { return evaluate_features(network, preprocess, set, threads); });
}

Holdout::Holdout(const RetrainPlan& plan, const Dataset& dataset,
                 const FeatureStatistics* statistics, const Network& network,
                 const Preprocess& preprocess, int threads)
    : dataset_(dataset),
      preprocess_(preprocess),
      threads_(threads),
      frozen_(plan.mode == RetrainMode::frozen),
      old_classes_(plan.old_classes),
      old_counts_(plan.classes.size()),
      old_used_(plan.classes.size()) {
  if (frozen_) {
    const std::vector<int> class_map = map_classes(statistics->classes, plan.classes);
    for (const int label : statistics->labels) ++old_counts_[class_map[label]];
    for (const int label : statistics->labels) {
      labels_.push_back(class_map[label]);
      uses_.push_back(next_old_use(labels_.back()));
      hashes_.emplace_back();
    }
  } else {
    add_old(plan.old_images.test, plan);
  }
  add_new(plan.new_images.test, Use::test, plan);
  add_new(plan.new_images.val, Use::calibrate_only, plan);
  if (!frozen_) {
    load_calibration_images(plan);
    return;
  }
  const Tensor& stored = statistics->holdout;
  const Tensor computed = image_features(network, preprocess, dataset, images_, threads);
  features_ = Tensor({int_size(labels_), 1, 1, network.feature_dim()});
  std::copy_n(stored.data(), stored.size(), features_.data());
  if (!computed.empty()) {
    std::copy_n(computed.data(), computed.size(), features_.image(stored.shape().n));
  }
}

void Holdout::load_calibration_images(const RetrainPlan& plan) {
  std::vector<const ImageRecord*> all, shown;
  std::vector<int> labels, shown_labels, shown_counts(plan.classes.size());
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (uses_[i] == Use::test) continue;
    all.push_back(images_[i]);
    labels.push_back(labels_[i]);
    if (shown_counts[labels_[i]]++ >= kMaxValidation) continue;
    shown.push_back(images_[i]);
    shown_labels.push_back(labels_[i]);
  }
  const auto load = [&](const std::vector<const ImageRecord*>& images, std::vector<int> of_images) {
    TrainingSet set = load_images(dataset_, images, preprocess_.size, preprocess_.fit,
                                  preprocess_.mean, threads_);
    set.labels = std::move(of_images);
    set.classes = plan.classes;
    return set;
  };
  calibration_ = load(all, std::move(labels));
  validation_ = load(shown, std::move(shown_labels));
}

// Every second old row of a class, or every fourth of few, is for calibration.
Holdout::Use Holdout::next_old_use(int label) {
  const int interval = old_counts_[label] < kManyRows ? 4 : 2;
  return old_used_[label]++ % interval == 0 ? Use::calibrate : Use::test;
}

void Holdout::add_old(const std::vector<const ImageRecord*>& images, const RetrainPlan& plan) {
  for (const ImageRecord* image : images) ++old_counts_[plan.label(*image)];
  for (const ImageRecord* image : images) {
    images_.push_back(image);
    labels_.push_back(plan.label(*image));
    uses_.push_back(next_old_use(labels_.back()));
    hashes_.push_back(to_hex(image->hash));
  }
}

void Holdout::add_new(const std::vector<const ImageRecord*>& images, Use use,
                      const RetrainPlan& plan) {
  for (const ImageRecord* image : images) {
    images_.push_back(image);
    labels_.push_back(plan.label(*image));
    uses_.push_back(use);
    hashes_.push_back(to_hex(image->hash));
  }
}

Tensor Holdout::logits(const Network& network) const {
  if (frozen_) return apply_head(network, features_);
  return compute_in_chunks(
      preprocess_, dataset_, images_, network.outputs(), threads_,
      [&](const TrainingSet& set) { return evaluate_logits(network, preprocess_, set, threads_); });
}

LabelledLogits Holdout::predict_calibration_rows(const Network& network) const {
  if (frozen_) return calibration_rows(logits(network));
  LabelledLogits labelled;
  labelled.labels = calibration_.labels;
  labelled.logits = evaluate_logits(network, preprocess_, calibration_, threads_);
  return labelled;
}

LabelledLogits Holdout::gather(const Tensor& logits, const std::vector<int>& rows) const {
  LabelledLogits gathered;
  const int outputs = logits.shape().c;
  gathered.logits = Tensor({int_size(rows), 1, 1, outputs});
  for (int i = 0; i < int_size(rows); ++i) {
    std::copy_n(logits.image(rows[i]), outputs, gathered.logits.image(i));
    gathered.labels.push_back(labels_[rows[i]]);
    gathered.images.push_back(hashes_[rows[i]]);
  }
  return gathered;
}

}  // namespace fovea
