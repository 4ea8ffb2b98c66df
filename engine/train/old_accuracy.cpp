#include "engine/train/old_accuracy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/model/fold.h"
#include "engine/train/blend.h"

namespace fovea {
namespace {

constexpr std::size_t kEnough = 100;            // rows to measure with
constexpr float kShiftStep = 0.25f, kMost = 4;  // of a logit
constexpr int kTenths = 10;                     // shares of fine-tuning to choose from

}  // namespace

OldAccuracy::OldAccuracy(const HeldOut& held_out, const Network& champion, int old_classes,
                         double allowed)
    : held_out_(held_out), old_classes_(old_classes) {
  before_ = right(held_out.calibrating_answers(champion), 0);
  allowed_ = allowed * static_cast<double>(before_.size());
}

std::vector<bool> OldAccuracy::right(const Answered& answered, float shift) const {
  std::vector<bool> right;
  std::vector<Scalar> row;
  for (std::size_t i = 0; i < answered.labels.size(); ++i) {
    if (answered.labels[i] >= old_classes_) continue;
    const Scalar* logits = answered.logits.image(static_cast<int>(i));
    row.assign(logits, logits + answered.logits.shape().c);
    for (std::size_t j = static_cast<std::size_t>(old_classes_); j < row.size(); ++j) {
      row[j] -= shift;
    }
    right.push_back(std::max_element(row.begin(), row.end()) - row.begin() == answered.labels[i]);
  }
  return right;
}

double OldAccuracy::excess(const Answered& answered, float shift) const {
  const std::vector<bool> after = right(answered, shift);
  int lost = 0, won = 0;
  for (std::size_t i = 0; i < before_.size(); ++i) {
    lost += before_[i] && !after[i];
    won += !before_[i] && after[i];
  }
  return lost - won + 2 * std::sqrt(lost + won) - allowed_;
}

float OldAccuracy::blend_back(Network& network, const Network& start) const {
  if (before_.size() < kEnough) return 1;
  const Network tuned = network.clone();
  double least = std::numeric_limits<double>::max();
  float chosen = 1;
  for (int tenths = kTenths; tenths > 0 && least > 0; --tenths) {
    const float share = static_cast<float>(tenths) / kTenths;
    network.copy_values(tuned);
    blend(network, start, share);
    const double found = excess(held_out_.calibrating_answers(fold_batch_norm(network)));
    if (found < least) {
      least = found;
      chosen = share;
    }
  }
  network.copy_values(tuned);
  blend(network, start, chosen);
  return chosen;
}

void OldAccuracy::lower_new_classes(Network& network, Tensor& logits) const {
  const int outputs = network.outputs();
  Param* bias = network.head_bias();
  if (before_.size() < kEnough || outputs == old_classes_ || bias == nullptr) return;
  const Answered after = held_out_.calibrating(logits);
  float shift = 0;
  while (shift <= kMost && excess(after, shift) > 0) shift += kShiftStep;
  if (shift == 0 || shift > kMost) return;  // not needed, or the loss has another cause
  for (int j = old_classes_; j < outputs; ++j) bias->value.data()[j] -= shift;
  for (int i = 0; i < logits.shape().n; ++i) {
    for (int j = old_classes_; j < outputs; ++j) logits.image(i)[j] -= shift;
  }
}

}  // namespace fovea
