#include "engine/retrain/bias_correction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/eval/calibrate.h"
#include "engine/model/fold.h"
#include "engine/retrain/comparison.h"
#include "engine/retrain/weight_interpolation.h"

namespace fovea {
namespace {

constexpr std::size_t kEnough = 100;  // rows to measure with
constexpr double kMargin = 3;         // standard deviations
constexpr int kTenths = 10;           // shares of fine-tuning to choose from

// Half way, on a logarithmic scale, from counting as often as there are rows to all classes
// counting the same: how often a new class will be asked for nobody knows, and a handful of rows
// must not outweigh hundreds.
std::vector<double> class_weights(const std::vector<int>& labels, int classes) {
  std::vector<double> rows(static_cast<std::size_t>(classes));
  for (const int label : labels) ++rows[static_cast<std::size_t>(label)];
  const double mean = static_cast<double>(labels.size()) / classes;
  for (double& count : rows) count = std::sqrt(mean / std::max(count, 1.0));
  return rows;
}

std::vector<bool> right(const Answered& answered) {
  std::vector<bool> right;
  const auto classes = answered.logits.shape().per_image();
  for (std::size_t i = 0; i < answered.labels.size(); ++i) {
    const Scalar* row = answered.logits.image(static_cast<int>(i));
    right.push_back(std::max_element(row, row + classes) - row == answered.labels[i]);
  }
  return right;
}

// A share of the rows: the measured loss and kMargin standard deviations of it.
double likely_loss(const PairedCounts& rows) {
  const auto lost = static_cast<double>(rows.lost), won = static_cast<double>(rows.won);
  return (lost - won + kMargin * std::sqrt(lost + won)) / static_cast<double>(rows.count);
}

}  // namespace

BiasCorrection::BiasCorrection(const Holdout& holdout, const Answered& champion, int old_classes,
                               const GateOptions& gate)
    : held_out_(holdout), old_classes_(old_classes), gate_(gate), before_(right(champion)) {
  for (const int label : champion.labels) rows_ += label < old_classes ? 1 : 0;
}

double BiasCorrection::excess(const Answered& answered) const {
  const std::vector<bool> after = right(answered);
  PairedCounts all;
  std::vector<PairedCounts> of_class(static_cast<std::size_t>(old_classes_));
  for (std::size_t i = 0; i < before_.size(); ++i) {
    if (answered.labels[i] >= old_classes_) continue;
    all.add(before_[i], after[i]);
    of_class[static_cast<std::size_t>(answered.labels[i])].add(before_[i], after[i]);
  }
  double excess = likely_loss(all) - gate_.min_absolute_change;
  for (const PairedCounts& change : of_class) {
    if (change.count < gate_.class_min_support) continue;
    excess = std::max(excess, likely_loss(change) - gate_.class_max_drop);
  }
  return excess;
}

Answered BiasCorrection::balanced(Network& network) const {
  Answered answered = held_out_.calibrating_answers(fold_batch_norm(network));
  Param* bias = network.head_bias();
  if (rows_ < kEnough || bias == nullptr) return answered;
  const int classes = network.outputs();
  const std::vector<float> add =
      fit_biases(answered.logits, answered.labels, class_weights(answered.labels, classes));
  for (int c = 0; c < classes; ++c) {
    bias->value.data()[c] += add[static_cast<std::size_t>(c)];
    for (int i = 0; i < answered.logits.shape().n; ++i) {
      answered.logits.image(i)[c] += add[static_cast<std::size_t>(c)];
    }
  }
  return answered;
}

void BiasCorrection::balance(Network& network) const {
  balanced(network);
}

float BiasCorrection::limit_forgetting(Network& network, const Network& start) const {
  if (rows_ < kEnough) return 1;
  const Network tuned = network.clone();
  Network best = tuned.clone();
  double least = std::numeric_limits<double>::max();
  float chosen = 1;
  for (int tenths = kTenths; tenths > 0 && least > 0; --tenths) {
    const float share = static_cast<float>(tenths) / kTenths;
    network.copy_values(tuned);
    interpolate_weights(network, start, share);
    const double found = excess(balanced(network));
    if (found < least) {
      least = found;
      chosen = share;
      best.copy_values(network);
    }
  }
  network.copy_values(best);
  return chosen;
}

}  // namespace fovea
