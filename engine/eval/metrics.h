#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/fit/interval.h"

namespace fovea {

// Metrics of a classifier over n predicted images, as scikit-learn defines them unless stated
// otherwise. All sums are in double precision and in a fixed order. Intervals have a level of 95 %;
// those of fractions of images are Wilson's.

struct ClassMetrics {
  std::int64_t support = 0;                      // images of this class
  std::int64_t predicted = 0;                    // images predicted as this class
  double precision = 0;                          // 0 without predictions
  double recall = 0;                             // 0 without support
  Interval precision_interval, recall_interval;  // 0 to 1 without images
  double f1 = 0;
  // One class against the rest, ranked by its probability; ties count half (ROC) or as one step
  // (PR). NaN when the class has no images, or (ROC) when all images are of this class.
  double roc_auc = 0;
  double pr_auc = 0;  // average precision: sum of (recall step * precision)
};

struct ReliabilityBin {  // images whose confidence is in (low, high]
  double low = 0, high = 0;
  std::int64_t count = 0;
  double confidence = 0;  // mean
  double accuracy = 0;    // fraction of correct predictions
};

// Sorts predictions into 15 bins of equal width by their confidence, which is the top probability.
class CalibrationBins {
 public:
  CalibrationBins();
  void add(double confidence, bool correct);
  // Expected calibration error (Guo et al. 2017, eq. 3): sum over the bins of
  // (images of the bin / all images) * |accuracy - confidence|. 0 without images.
  double ece() const;
  std::vector<ReliabilityBin> bins() const;

 private:
  std::vector<ReliabilityBin> sums_;  // confidence and accuracy are sums
  std::int64_t count_ = 0;
};

// The bins of the predicted classes, with sizes and errors as for compute_metrics().
CalibrationBins calibration_bins(const Tensor& probabilities, std::span<const int> labels);

// The interval of the ECE of these bins. Without errors the ECE says little about the true one: 16
// correct predictions of confidence 1 have an ECE of 0, and an interval of 0 to 0.14. Therefore
//   high  is the 97.5 % quantile of the ECE when the accuracy of each bin is drawn from its
//         posterior distribution with Jeffreys' prior, Beta(correct + 1/2, wrong + 1/2);
//   low   is 0 when a perfectly calibrated model, whose predictions are correct with a probability
//         of their confidence, reaches this ECE in more than 2.5 % of the cases; else
//         2 ece - high (the basic bootstrap), and at least 0.
// From 500 draws with a fixed seed, 3 ms. 0 to 1 without images.
Interval ece_interval(std::span<const ReliabilityBin> bins);

struct Average {
  double precision = 0, recall = 0, f1 = 0;
};

struct Metrics {
  std::int64_t count = 0;
  double accuracy = 0;
  Interval accuracy_interval;
  std::vector<std::vector<std::int64_t>> confusion;  // [true class][predicted class]
  std::vector<ClassMetrics> per_class;
  Average macro;                               // plain mean over the classes with support
  Average weighted;                            // mean weighted by support
  double roc_auc_macro = 0, pr_auc_macro = 0;  // means over the classes that have one, or NaN
  double log_loss = 0;  // -mean(log p[true]), p clipped to [e, 1 - e], e = 2^-23 (float's epsilon)
  double brier = 0;     // mean over images of sum over classes (p - [class is true])^2: 0 to 2
  double ece = 0;       // CalibrationBins::ece()
  Interval ece_interval;
  std::vector<ReliabilityBin> reliability;  // the 15 bins
};

// probabilities: {n, 1, 1, classes}, rows that sum to 1; labels: n numbers in [0, classes).
// The predicted class has the largest probability; ties go to the lower index.
// Throws ShapeError when the sizes do not match, n is 0 or a label is out of range.
Metrics compute_metrics(const Tensor& probabilities, std::span<const int> labels);

// Fills the intervals of the fractions from the confusion matrix: for metrics that were stored
// without them.
void fill_fraction_intervals(Metrics& metrics);

}  // namespace fovea
