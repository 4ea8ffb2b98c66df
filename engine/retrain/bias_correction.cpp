#include "engine/retrain/bias_correction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/fit/calibrate.h"
#include "engine/model/network.h"
#include "engine/retrain/comparison.h"
#include "engine/retrain/weight_interpolation.h"

namespace fovea {
namespace {

constexpr int kMinRows = 100;            // calibration rows of old classes
constexpr double kMarginDeviations = 3;  // standard deviations added to the measured loss
constexpr int kTenths = 10;              // fractions of fine-tuning that are tried

// Class weights sqrt(mean rows per class / rows of the class): the geometric mean of equal weights
// for all rows and equal total weights for all classes. The future frequency of a new class is
// unknown, and a few rows must not outweigh hundreds.
std::vector<double> class_weights(const std::vector<int>& labels, int classes) {
  std::vector<double> rows(classes);
  for (const int label : labels) ++rows[label];
  const double mean = static_cast<double>(labels.size()) / classes;
  for (double& count : rows) count = std::sqrt(mean / std::max(count, 1.0));
  return rows;
}

std::vector<bool> correct_rows(const LabelledLogits& labelled) {
  std::vector<bool> correct;
  for (int i = 0; i < int_size(labelled.labels); ++i) {
    correct.push_back(labelled.logits.argmax(i) == labelled.labels[i]);
  }
  return correct;
}

// The measured loss of accuracy plus kMarginDeviations standard deviations: `lost` and `won` are
// Poisson counts, so the variance of their difference is their sum.
double likely_loss(const PairedCounts& rows) {
  const auto lost = static_cast<double>(rows.lost), won = static_cast<double>(rows.won);
  return (lost - won + kMarginDeviations * std::sqrt(lost + won)) / static_cast<double>(rows.count);
}

}  // namespace

BiasCorrection::BiasCorrection(const Holdout& holdout, const LabelledLogits& champion,
                               int old_classes, const GateOptions& gate)
    : holdout_(holdout),
      old_classes_(old_classes),
      gate_(gate),
      champion_correct_(correct_rows(champion)) {
  for (const int label : champion.labels) old_rows_ += label < old_classes ? 1 : 0;
}

double BiasCorrection::excess_loss(const LabelledLogits& labelled) const {
  const std::vector<bool> correct = correct_rows(labelled);
  PairedCounts all;
  std::vector<PairedCounts> per_class(old_classes_);
  for (std::size_t i = 0; i < champion_correct_.size(); ++i) {
    const int label = labelled.labels[i];
    if (label >= old_classes_) continue;
    all.add(champion_correct_[i], correct[i]);
    per_class[label].add(champion_correct_[i], correct[i]);
  }
  double excess = likely_loss(all) - gate_.min_absolute_change;
  for (const PairedCounts& counts : per_class) {
    if (counts.count < gate_.class_min_support) continue;
    excess = std::max(excess, likely_loss(counts) - gate_.class_max_drop);
  }
  return excess;
}

LabelledLogits BiasCorrection::corrected_logits(Network& network) const {
  LabelledLogits labelled = holdout_.predict_calibration_rows(fold_batch_norm(network));
  Param* bias = network.head_bias();
  if (old_rows_ < kMinRows || bias == nullptr) return labelled;
  const int classes = network.outputs();
  const std::vector<float> correction =
      fit_biases(labelled.logits, labelled.labels, class_weights(labelled.labels, classes));
  for (int c = 0; c < classes; ++c) {
    bias->value.data()[c] += correction[c];
    for (int i = 0; i < labelled.logits.shape().n; ++i) {
      labelled.logits.image(i)[c] += correction[c];
    }
  }
  return labelled;
}

void BiasCorrection::correct_biases(Network& network) const {
  corrected_logits(network);
}

float BiasCorrection::limit_forgetting(Network& network, const Network& start) const {
  if (old_rows_ < kMinRows) return 1;
  const Network tuned = network.clone();
  Network best = tuned.clone();
  double least = std::numeric_limits<double>::max();
  float kept = 1;
  // Line search: the largest fraction, from 1 down in steps of 0.1, without excess loss; if there
  // is none, the fraction with the least.
  for (int tenths = kTenths; tenths > 0 && least > 0; --tenths) {
    const float fraction = static_cast<float>(tenths) / kTenths;
    network.copy_values(tuned);
    interpolate_weights(network, start, fraction);
    const double excess = excess_loss(corrected_logits(network));
    if (excess < least) {
      least = excess;
      kept = fraction;
      best.copy_values(network);
    }
  }
  network.copy_values(best);
  return kept;
}

}  // namespace fovea
