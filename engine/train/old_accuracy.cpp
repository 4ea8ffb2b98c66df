#include "engine/train/old_accuracy.h"

#include <algorithm>
#include <cmath>

#include "engine/model/fold.h"
#include "engine/train/blend.h"

namespace fovea {
namespace {

constexpr int kEnough = 100;                    // rows to measure with
constexpr float kShiftStep = 0.25f, kMost = 4;  // of a logit
constexpr int kShares = 10;                     // of fine-tuning to choose from

}  // namespace

OldAccuracy::OldAccuracy(const HeldOut& held_out, const Network& champion, int old_classes,
                         double allowed)
    : held_out_(held_out), old_classes_(old_classes) {
  const Answered before = held_out.calibrating_answers(champion);
  for (const int label : before.labels) rows_ += label < old_classes;
  wanted_ = right(before, 0) - static_cast<int>(std::floor(allowed * rows_));
}

int OldAccuracy::right(const Answered& answered, float shift) const {
  int count = 0;
  std::vector<Scalar> row;
  for (std::size_t i = 0; i < answered.labels.size(); ++i) {
    if (answered.labels[i] >= old_classes_) continue;
    const Scalar* logits = answered.logits.image(static_cast<int>(i));
    row.assign(logits, logits + answered.logits.shape().c);
    for (std::size_t j = static_cast<std::size_t>(old_classes_); j < row.size(); ++j) {
      row[j] -= shift;
    }
    count += std::max_element(row.begin(), row.end()) - row.begin() == answered.labels[i];
  }
  return count;
}

float OldAccuracy::blend_back(Network& network, const Network& start) const {
  if (rows_ < kEnough) return 1;
  const Network tuned = network.clone();
  int best = -1;
  float chosen = 1;
  for (int share = kShares; share > 0; --share) {
    network.copy_values(tuned);
    blend(network, start, static_cast<float>(share) / kShares);
    const int count = right(held_out_.calibrating_answers(fold_batch_norm(network)), 0);
    if (count > best) {
      best = count;
      chosen = static_cast<float>(share) / kShares;
    }
    if (count >= wanted_) break;
  }
  network.copy_values(tuned);
  blend(network, start, chosen);
  return chosen;
}

void OldAccuracy::lower_new_classes(Network& network, Tensor& logits) const {
  const int outputs = network.outputs();
  Param* bias = network.head_bias();
  if (rows_ < kEnough || outputs == old_classes_ || bias == nullptr) return;
  const Answered after = held_out_.calibrating(logits);
  float shift = 0;
  while (shift <= kMost && right(after, shift) < wanted_) shift += kShiftStep;
  if (shift == 0 || shift > kMost) return;  // not needed, or the loss has another cause
  for (int j = old_classes_; j < outputs; ++j) bias->value.data()[j] -= shift;
  for (int i = 0; i < logits.shape().n; ++i) {
    for (int j = old_classes_; j < outputs; ++j) logits.image(i)[j] -= shift;
  }
}

}  // namespace fovea
