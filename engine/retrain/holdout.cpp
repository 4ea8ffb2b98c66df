#include "engine/retrain/holdout.h"

#include <algorithm>

#include "engine/eval/evaluate.h"
#include "engine/eval/features.h"

namespace fovea {
namespace {

constexpr int kMany = 400;  // old rows of a class: every second calibrates, of fewer every fourth
constexpr int kValidation = 100;  // images of a class

// What compute(set) makes of these images, {n, 1, 1, width}; only some are in memory at a time.
template <class Compute>
Tensor in_chunks(const Preprocess& preprocess, const Dataset& dataset,
                 const std::vector<const ImageRecord*>& images, int width, int threads,
                 Compute compute) {
  Tensor all({static_cast<int>(images.size()), 1, 1, width});
  for (std::size_t first = 0; first < images.size(); first += kReadAtOnce) {
    const std::size_t end = std::min(images.size(), first + kReadAtOnce);
    const TrainingSet set = load_images(
        dataset, {images.begin() + std::ptrdiff_t(first), images.begin() + std::ptrdiff_t(end)},
        preprocess.size, preprocess.fit, preprocess.mean, threads);
    const Tensor made = compute(set);
    std::copy_n(made.data(), made.size(), all.image(static_cast<int>(first)));
  }
  return all;
}

}  // namespace

Tensor image_features(const Network& network, const Preprocess& preprocess, const Dataset& dataset,
                      const std::vector<const ImageRecord*>& images, int threads) {
  return in_chunks(
      preprocess, dataset, images, network.feature_dim(), threads,
      [&](const TrainingSet& set) { return evaluate_features(network, preprocess, set, threads); });
}

Holdout::Holdout(const RetrainPlan& plan, const Dataset& dataset, const FeatureBundle* bundle,
                 const Network& network, const Preprocess& preprocess, int threads)
    : dataset_(dataset),
      preprocess_(preprocess),
      threads_(threads),
      frozen_(plan.mode == RetrainMode::frozen),
      of_class_(plan.classes.size()),
      seen_(plan.classes.size()) {
  int remembered = 0;
  if (frozen_) {
    remembered = bundle->holdout.shape().n;
    const std::vector<int> places = class_places(bundle->classes, plan.classes);
    for (const int label : bundle->labels) {
      ++of_class_[static_cast<std::size_t>(places[static_cast<std::size_t>(label)])];
    }
    for (const int label : bundle->labels) {
      labels_.push_back(places[static_cast<std::size_t>(label)]);
      uses_.push_back(assign_split(labels_.back()));
      names_.emplace_back();
    }
  } else {
    for (const ImageRecord* image : plan.old.test) {
      ++of_class_[static_cast<std::size_t>(plan.label(*image))];
    }
    add(plan.old.test, true, Use::judge, plan);
  }
  add(plan.fresh.test, false, Use::judge, plan);
  add(plan.fresh.val, false, Use::calibrate_only, plan);
  if (frozen_) {
    const Tensor fresh = image_features(network, preprocess, dataset, images_, threads);
    features_ = Tensor({static_cast<int>(labels_.size()), 1, 1, network.feature_dim()});
    std::copy_n(bundle->holdout.data(), bundle->holdout.size(), features_.data());
    if (fresh.size() > 0) std::copy_n(fresh.data(), fresh.size(), features_.image(remembered));
    return;
  }
  load_calibrating(plan);
}

void Holdout::load_calibrating(const RetrainPlan& plan) {
  std::vector<const ImageRecord*> all, shown;
  std::vector<int> labels, shown_labels, taken(plan.classes.size());
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (uses_[i] == Use::judge) continue;
    all.push_back(images_[i]);
    labels.push_back(labels_[i]);
    if (taken[static_cast<std::size_t>(labels_[i])]++ >= kValidation) continue;
    shown.push_back(images_[i]);
    shown_labels.push_back(labels_[i]);
  }
  const auto load = [&](const std::vector<const ImageRecord*>& images, std::vector<int> of) {
    TrainingSet set = load_images(dataset_, images, preprocess_.size, preprocess_.fit,
                                  preprocess_.mean, threads_);
    set.labels = std::move(of);
    set.classes = plan.classes;
    return set;
  };
  calibrating_ = load(all, std::move(labels));
  validation_ = load(shown, std::move(shown_labels));
}

Holdout::Use Holdout::assign_split(int label) {
  const int number = seen_[static_cast<std::size_t>(label)]++;
  return number % (of_class_[static_cast<std::size_t>(label)] < kMany ? 4 : 2) == 0 ? Use::calibrate
                                                                                    : Use::judge;
}

void Holdout::add(const std::vector<const ImageRecord*>& images, bool old, Use fresh_use,
                  const RetrainPlan& plan) {
  for (const ImageRecord* image : images) {
    images_.push_back(image);
    labels_.push_back(plan.label(*image));
    uses_.push_back(old ? assign_split(labels_.back()) : fresh_use);
    names_.push_back(to_hex(image->hash));
  }
}

Tensor Holdout::logits(const Network& network) const {
  if (frozen_) return apply_head(network, features_);
  return in_chunks(
      preprocess_, dataset_, images_, network.outputs(), threads_,
      [&](const TrainingSet& set) { return evaluate_logits(network, preprocess_, set, threads_); });
}

Answered Holdout::calibrating_answers(const Network& network) const {
  if (frozen_) return calibrating(logits(network));
  Answered answered;
  answered.labels = calibrating_.labels;
  answered.logits = evaluate_logits(network, preprocess_, calibrating_, threads_);
  return answered;
}

Answered Holdout::take(const Tensor& logits, const std::vector<int>& rows) const {
  Answered taken;
  const int outputs = logits.shape().c;
  taken.logits = Tensor({static_cast<int>(rows.size()), 1, 1, outputs});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(logits.image(rows[i]), outputs, taken.logits.image(static_cast<int>(i)));
    taken.labels.push_back(labels_[static_cast<std::size_t>(rows[i])]);
    taken.images.push_back(names_[static_cast<std::size_t>(rows[i])]);
  }
  return taken;
}

}  // namespace fovea
