#include "engine/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/core/rng.h"
#include "engine/fit/labels.h"

namespace fovea {
namespace {

constexpr int kBins = 15;
constexpr double kEpsilon = 0x1p-23;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

// The areas below the ROC and the precision-recall curve. Takes the images from the highest score
// down; each group of equal scores is one step of the ROC curve (a trapezoid) and of the
// precision-recall curve (a rectangle).
void areas_below_curves(std::vector<std::pair<Scalar, bool>> scored, double& roc, double& pr) {
  std::sort(scored.begin(), scored.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto total = static_cast<double>(scored.size());
  const auto positives = static_cast<double>(
      std::count_if(scored.begin(), scored.end(), [](const auto& s) { return s.second; }));
  const double negatives = total - positives;
  double hits = 0, misses = 0, area = 0, precision_sum = 0;
  for (std::size_t i = 0; i < scored.size();) {
    const double hits_before = hits, misses_before = misses;
    const Scalar score = scored[i].first;
    for (; i < scored.size() && scored[i].first == score; ++i) {
      (scored[i].second ? hits : misses) += 1;
    }
    area += (misses - misses_before) * (hits + hits_before) / 2;
    precision_sum += (hits - hits_before) * hits / (hits + misses);
  }
  roc = positives > 0 && negatives > 0 ? area / (positives * negatives) : kNaN;
  pr = positives > 0 ? precision_sum / positives : kNaN;
}

void fill_confusion(const Tensor& probabilities, std::span<const int> labels, Metrics& m) {
  const std::size_t classes = probabilities.shape().per_image();
  m.confusion.assign(classes, std::vector<std::int64_t>(classes));
  for (int i = 0; i < probabilities.shape().n; ++i) {
    ++m.confusion[labels[i]][probabilities.argmax(i)];
  }
}

void fill_classes(Metrics& m) {
  const std::size_t classes = m.confusion.size();
  m.per_class.resize(classes);
  std::int64_t hits = 0;
  int present = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    ClassMetrics& metrics = m.per_class[c];
    for (std::size_t other = 0; other < classes; ++other) {
      metrics.support += m.confusion[c][other];
      metrics.predicted += m.confusion[other][c];
    }
    const auto hit = static_cast<double>(m.confusion[c][c]);
    hits += m.confusion[c][c];
    const auto support = static_cast<double>(metrics.support);
    const auto predicted = static_cast<double>(metrics.predicted);
    metrics.precision = ratio(hit, predicted);
    metrics.recall = ratio(hit, support);
    metrics.f1 = ratio(2 * hit, support + predicted);
    if (metrics.support > 0) {
      ++present;
      m.macro.precision += metrics.precision;
      m.macro.recall += metrics.recall;
      m.macro.f1 += metrics.f1;
    }
    const double weight = support / static_cast<double>(m.count);
    m.weighted.precision += weight * metrics.precision;
    m.weighted.recall += weight * metrics.recall;
    m.weighted.f1 += weight * metrics.f1;
  }
  for (double* sum : {&m.macro.precision, &m.macro.recall, &m.macro.f1}) *sum /= present;
  m.accuracy = static_cast<double>(hits) / static_cast<double>(m.count);
}

void fill_areas(const Tensor& probabilities, std::span<const int> labels, Metrics& m) {
  double roc_sum = 0, pr_sum = 0;
  int rocs = 0, prs = 0;
  for (std::size_t c = 0; c < m.per_class.size(); ++c) {
    std::vector<std::pair<Scalar, bool>> scored;
    scored.reserve(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      scored.emplace_back(probabilities.image(static_cast<int>(i))[c],
                          labels[i] == static_cast<int>(c));
    }
    ClassMetrics& metrics = m.per_class[c];
    areas_below_curves(std::move(scored), metrics.roc_auc, metrics.pr_auc);
    if (!std::isnan(metrics.roc_auc)) roc_sum += metrics.roc_auc, ++rocs;
    if (!std::isnan(metrics.pr_auc)) pr_sum += metrics.pr_auc, ++prs;
  }
  m.roc_auc_macro = rocs > 0 ? roc_sum / rocs : kNaN;
  m.pr_auc_macro = prs > 0 ? pr_sum / prs : kNaN;
}

void fill_probability_scores(const Tensor& probabilities, std::span<const int> labels, Metrics& m) {
  const std::int64_t classes = probabilities.shape().per_image();
  double log_sum = 0, square_sum = 0;
  for (int i = 0; i < probabilities.shape().n; ++i) {
    const Scalar* p = probabilities.image(i);
    const int label = labels[i];
    log_sum -= std::log(std::clamp<double>(p[label], kEpsilon, 1 - kEpsilon));
    for (std::int64_t c = 0; c < classes; ++c) {
      const double error = double{p[c]} - (c == label ? 1 : 0);
      square_sum += error * error;
    }
  }
  const auto n = static_cast<double>(m.count);
  m.log_loss = log_sum / n;
  m.brier = square_sum / n;
  const CalibrationBins bins = calibration_bins(probabilities, labels);
  m.ece = bins.ece();
  m.reliability = bins.bins();
}

// Gamma(shape, 1), shape > 0: Marsaglia and Tsang 2000, "A simple method for generating gamma
// variables", section 4; below 1 from Gamma(shape + 1, 1) and a power of a uniform number.
double draw_gamma(double shape, Rng& rng) {
  const double boost = shape < 1 ? std::pow(1 - double{rng.uniform()}, 1 / shape) : 1;
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = rng.normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(1 - double{rng.uniform()}) < x * x / 2 + d * (1 - v + std::log(v))) {
      return boost * d * v;
    }
  }
}

double draw_beta(double a, double b, Rng& rng) {
  const double x = draw_gamma(a, rng);
  return x / (x + draw_gamma(b, rng));
}

double quantile(std::vector<double> draws, double fraction) {
  const auto nth =
      draws.begin() + static_cast<std::ptrdiff_t>(fraction * static_cast<double>(draws.size() - 1));
  std::nth_element(draws.begin(), nth, draws.end());
  return *nth;
}

}  // namespace

CalibrationBins::CalibrationBins() : sums_(kBins) {
  for (int b = 0; b < kBins; ++b) {
    sums_[b].low = static_cast<double>(b) / kBins;
    sums_[b].high = static_cast<double>(b + 1) / kBins;
  }
}

void CalibrationBins::add(double confidence, bool correct) {
  // Bin b holds the confidences in (b / kBins, (b + 1) / kBins].
  const double bin = std::clamp(std::ceil(confidence * kBins) - 1, 0.0, kBins - 1.0);
  ReliabilityBin& sums = sums_[static_cast<std::size_t>(bin)];
  ++sums.count;
  sums.confidence += confidence;
  sums.accuracy += correct ? 1 : 0;
  ++count_;
}

double CalibrationBins::ece() const {
  double error = 0;
  for (const ReliabilityBin& sums : sums_) {
    // count / n * |accuracy - confidence|, both still sums over the bin's images.
    if (count_ > 0)
      error += std::abs(sums.accuracy - sums.confidence) / static_cast<double>(count_);
  }
  return error;
}

std::vector<ReliabilityBin> CalibrationBins::bins() const {
  std::vector<ReliabilityBin> means = sums_;
  for (ReliabilityBin& bin : means) {
    bin.confidence = ratio(bin.confidence, static_cast<double>(bin.count));
    bin.accuracy = ratio(bin.accuracy, static_cast<double>(bin.count));
  }
  return means;
}

CalibrationBins calibration_bins(const Tensor& probabilities, std::span<const int> labels) {
  check_labels("calibration", probabilities, labels);
  CalibrationBins bins;
  for (int i = 0; i < probabilities.shape().n; ++i) {
    const int predicted = probabilities.argmax(i);
    bins.add(probabilities.image(i)[predicted], predicted == labels[i]);
  }
  return bins;
}

Interval ece_interval(std::span<const ReliabilityBin> bins) {
  constexpr int kDraws = 500;
  double n = 0, ece = 0;
  for (const ReliabilityBin& bin : bins) {
    n += static_cast<double>(bin.count);
    ece += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
  }
  if (n == 0) return {0, 1};
  ece /= n;
  Rng rng(0);
  std::vector<double> posterior, calibrated;
  for (int draw = 0; draw < kDraws; ++draw) {
    double likely = 0, chance = 0;
    for (const ReliabilityBin& bin : bins) {
      const auto count = static_cast<double>(bin.count);
      if (count == 0) continue;
      const double correct = bin.accuracy * count, confidence = bin.confidence;
      const double accuracy = draw_beta(correct + 0.5, count - correct + 0.5, rng);
      likely += count / n * std::abs(accuracy - confidence);
      // The number of correct predictions of a calibrated model: binomial, here with the normal
      // distribution of the same mean and variance.
      chance += std::sqrt(confidence * (1 - confidence) * count) / n * std::abs(rng.normal());
    }
    posterior.push_back(likely);
    calibrated.push_back(chance);
  }
  const double high = std::max(quantile(std::move(posterior), 0.975), ece);
  const bool may_be_chance = ece <= quantile(std::move(calibrated), 0.975);
  return {may_be_chance ? 0 : std::max(0.0, 2 * ece - high), std::min(1.0, high)};
}

void fill_fraction_intervals(Metrics& m) {
  std::int64_t hits = 0;
  for (std::size_t c = 0; c < m.per_class.size(); ++c) {
    ClassMetrics& metrics = m.per_class[c];
    metrics.recall_interval = wilson_interval(m.confusion[c][c], metrics.support);
    metrics.precision_interval = wilson_interval(m.confusion[c][c], metrics.predicted);
    hits += m.confusion[c][c];
  }
  m.accuracy_interval = wilson_interval(hits, m.count);
}

Metrics compute_metrics(const Tensor& probabilities, std::span<const int> labels) {
  check_labels("metrics", probabilities, labels);
  Metrics m;
  m.count = probabilities.shape().n;
  fill_confusion(probabilities, labels, m);
  fill_classes(m);
  fill_areas(probabilities, labels, m);
  fill_probability_scores(probabilities, labels, m);
  fill_fraction_intervals(m);
  m.ece_interval = ece_interval(m.reliability);
  return m;
}

}  // namespace fovea
