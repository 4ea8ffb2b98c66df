#include "engine/train/held_out.h"

#include <algorithm>

#include "engine/eval/evaluate.h"
#include "engine/eval/features.h"

namespace fovea {
namespace {

constexpr int kCalibrationShare = 4;  // every fourth old row of a class
constexpr int kValidation = 100;      // pictures of a class

}  // namespace

Tensor picture_features(const Network& network, const Preprocess& preprocess,
                        const Dataset& dataset, const std::vector<const Picture*>& pictures,
                        int threads) {
  constexpr std::size_t kChunk = 2048;
  Tensor all({static_cast<int>(pictures.size()), 1, 1, network.feature_dim()});
  for (std::size_t first = 0; first < pictures.size(); first += kChunk) {
    const std::size_t end = std::min(pictures.size(), first + kChunk);
    const TrainingSet set = load_pictures(
        dataset, {pictures.begin() + std::ptrdiff_t(first), pictures.begin() + std::ptrdiff_t(end)},
        preprocess.size, preprocess.fit, preprocess.mean, threads);
    const Tensor features = evaluate_features(network, preprocess, set, threads);
    std::copy_n(features.data(), features.size(), all.image(static_cast<int>(first)));
  }
  return all;
}

HeldOut::HeldOut(const RetrainPlan& plan, const Dataset& dataset, const FeatureBundle* bundle,
                 const Network& network, const Preprocess& preprocess, int threads)
    : preprocess_(preprocess),
      threads_(threads),
      frozen_(plan.mode == RetrainMode::frozen),
      seen_(plan.classes.size()) {
  int remembered = 0;
  if (frozen_) {
    remembered = bundle->held_out.shape().n;
    const std::vector<int> places = class_places(bundle->classes, plan.classes);
    for (const int label : bundle->labels) {
      labels_.push_back(places[static_cast<std::size_t>(label)]);
      uses_.push_back(share_out(labels_.back()));
      names_.emplace_back();
    }
  } else {
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
  set_ =
      load_pictures(dataset, pictures_, preprocess.size, preprocess.fit, preprocess.mean, threads);
  std::vector<int> taken(plan.classes.size());
  validation_.size = set_.size;
  validation_.classes = plan.classes;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (uses_[i] == Use::judge) continue;
    if (taken[static_cast<std::size_t>(labels_[i])]++ >= kValidation) continue;
    add_row(static_cast<int>(i), validation_);
  }
}

HeldOut::Use HeldOut::share_out(int label) {
  const int number = seen_[static_cast<std::size_t>(label)]++;
  return number % kCalibrationShare == 0 ? Use::calibrate : Use::judge;
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
  return evaluate_logits(network, preprocess_, set_, threads_);
}

Answered HeldOut::calibrating_answers(const Network& network) const {
  if (frozen_) return calibrating(logits(network));
  TrainingSet set;
  set.size = set_.size;
  set.classes = set_.classes;
  Answered answered;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (uses_[i] != Use::judge) add_row(static_cast<int>(i), set);
  }
  answered.labels = set.labels;
  answered.logits = evaluate_logits(network, preprocess_, set, threads_);
  return answered;
}

void HeldOut::add_row(int row, TrainingSet& set) const {
  const std::uint8_t* pixels = set_.picture(row);
  const std::ptrdiff_t bytes = std::ptrdiff_t{set_.size} * set_.size * 3;
  set.pixels.insert(set.pixels.end(), pixels, pixels + bytes);
  set.labels.push_back(labels_[static_cast<std::size_t>(row)]);
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
