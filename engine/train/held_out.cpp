#include "engine/train/held_out.h"

#include <algorithm>

#include "engine/eval/evaluate.h"
#include "engine/eval/features.h"

namespace fovea {
namespace {

constexpr int kMany = 400;  // old rows of a class: every second calibrates, of fewer every fourth
constexpr int kValidation = 100;  // pictures of a class

// What compute(set) makes of these pictures, {n, 1, 1, width}; only some are in memory at a time.
template <class Compute>
Tensor in_chunks(const Preprocess& preprocess, const Dataset& dataset,
                 const std::vector<const Picture*>& pictures, int width, int threads,
                 Compute compute) {
  Tensor all({static_cast<int>(pictures.size()), 1, 1, width});
  for (std::size_t first = 0; first < pictures.size(); first += kReadAtOnce) {
    const std::size_t end = std::min(pictures.size(), first + kReadAtOnce);
    const TrainingSet set = load_pictures(
        dataset, {pictures.begin() + std::ptrdiff_t(first), pictures.begin() + std::ptrdiff_t(end)},
        preprocess.size, preprocess.fit, preprocess.mean, threads);
    const Tensor made = compute(set);
    std::copy_n(made.data(), made.size(), all.image(static_cast<int>(first)));
  }
  return all;
}

}  // namespace

Tensor picture_features(const Network& network, const Preprocess& preprocess,
                        const Dataset& dataset, const std::vector<const Picture*>& pictures,
                        int threads) {
  return in_chunks(
      preprocess, dataset, pictures, network.feature_dim(), threads,
      [&](const TrainingSet& set) { return evaluate_features(network, preprocess, set, threads); });
}

HeldOut::HeldOut(const RetrainPlan& plan, const Dataset& dataset, const FeatureBundle* bundle,
                 const Network& network, const Preprocess& preprocess, int threads)
    : dataset_(dataset),
      preprocess_(preprocess),
      threads_(threads),
      frozen_(plan.mode == RetrainMode::frozen),
      of_class_(plan.classes.size()),
      seen_(plan.classes.size()) {
  int remembered = 0;
  if (frozen_) {
    remembered = bundle->held_out.shape().n;
    const std::vector<int> places = class_places(bundle->classes, plan.classes);
    for (const int label : bundle->labels) {
      ++of_class_[static_cast<std::size_t>(places[static_cast<std::size_t>(label)])];
    }
    for (const int label : bundle->labels) {
      labels_.push_back(places[static_cast<std::size_t>(label)]);
      uses_.push_back(share_out(labels_.back()));
      names_.emplace_back();
    }
  } else {
    for (const Picture* picture : plan.old.test) {
      ++of_class_[static_cast<std::size_t>(plan.label(*picture))];
    }
    add(plan.old.test, true, Use::judge, plan);
  }
  add(plan.fresh.test, false, Use::judge, plan);
  add(plan.fresh.val, false, Use::calibrate_only, plan);
  if (frozen_) {
    const Tensor fresh = picture_features(network, preprocess, dataset, pictures_, threads);
    features_ = Tensor({static_cast<int>(labels_.size()), 1, 1, network.feature_dim()});
    std::copy_n(bundle->held_out.data(), bundle->held_out.size(), features_.data());
    if (fresh.size() > 0) std::copy_n(fresh.data(), fresh.size(), features_.image(remembered));
    return;
  }
  load_calibrating(plan);
}

void HeldOut::load_calibrating(const RetrainPlan& plan) {
  std::vector<const Picture*> all, shown;
  std::vector<int> labels, shown_labels, taken(plan.classes.size());
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (uses_[i] == Use::judge) continue;
    all.push_back(pictures_[i]);
    labels.push_back(labels_[i]);
    if (taken[static_cast<std::size_t>(labels_[i])]++ >= kValidation) continue;
    shown.push_back(pictures_[i]);
    shown_labels.push_back(labels_[i]);
  }
  const auto load = [&](const std::vector<const Picture*>& pictures, std::vector<int> of) {
    TrainingSet set = load_pictures(dataset_, pictures, preprocess_.size, preprocess_.fit,
                                    preprocess_.mean, threads_);
    set.labels = std::move(of);
    set.classes = plan.classes;
    return set;
  };
  calibrating_ = load(all, std::move(labels));
  validation_ = load(shown, std::move(shown_labels));
}

HeldOut::Use HeldOut::share_out(int label) {
  const int number = seen_[static_cast<std::size_t>(label)]++;
  return number % (of_class_[static_cast<std::size_t>(label)] < kMany ? 4 : 2) == 0 ? Use::calibrate
                                                                                    : Use::judge;
}

void HeldOut::add(const std::vector<const Picture*>& pictures, bool old, Use fresh_use,
                  const RetrainPlan& plan) {
  for (const Picture* picture : pictures) {
    pictures_.push_back(picture);
    labels_.push_back(plan.label(*picture));
    uses_.push_back(old ? share_out(labels_.back()) : fresh_use);
    names_.push_back(to_hex(picture->hash));
  }
}

Tensor HeldOut::logits(const Network& network) const {
  if (frozen_) return apply_head(network, features_);
  return in_chunks(
      preprocess_, dataset_, pictures_, network.outputs(), threads_,
      [&](const TrainingSet& set) { return evaluate_logits(network, preprocess_, set, threads_); });
}

Answered HeldOut::calibrating_answers(const Network& network) const {
  if (frozen_) return calibrating(logits(network));
  Answered answered;
  answered.labels = calibrating_.labels;
  answered.logits = evaluate_logits(network, preprocess_, calibrating_, threads_);
  return answered;
}

Answered HeldOut::take(const Tensor& logits, const std::vector<int>& rows) const {
  Answered taken;
  const int outputs = logits.shape().c;
  taken.logits = Tensor({static_cast<int>(rows.size()), 1, 1, outputs});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(logits.image(rows[i]), outputs, taken.logits.image(static_cast<int>(i)));
    taken.labels.push_back(labels_[static_cast<std::size_t>(rows[i])]);
    taken.pictures.push_back(names_[static_cast<std::size_t>(rows[i])]);
  }
  return taken;
}

}  // namespace fovea
