#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFewImages = 100;  // the 95 % interval is then up to 20 points wide
constexpr std::int64_t kFewOfClass = 20;
constexpr double kUnknownError = 0.1;  // of the calibration: more is not ruled out

using Index = std::size_t;

// The classes with test images.
std::vector<Index> tested_classes(const EvaluationReport& report) {
  std::vector<Index> tested;
  for (Index c = 0; c < report.classes.size(); ++c) {
    if (report.metrics.per_class[c].support > 0) tested.push_back(c);
  }
  return tested;
}

// "cat (0.80; recall 70 % of 100 images, 95 % interval 60 % to 78.2 %; precision 94.6 %)"
std::string f1_text(const EvaluationReport& report, Index c) {
  const ClassMetrics& metrics = report.metrics.per_class[c];
  return fmt::format("{} ({}; recall {} of {}, 95 % interval {}; precision {})",
                     named(report.classes[c]), fixed(metrics.f1, 2), percent(metrics.recall),
                     counted(metrics.support, "image"), range_text(metrics.recall_interval),
                     percent(metrics.precision));
}

// The class whose number of predictions deviates most from its number of images.
std::string prediction_bias(const EvaluationReport& report, const std::vector<Index>& tested) {
  const auto& per_class = report.metrics.per_class;
  const auto bias = [&](Index c) {  // log ratio, smoothed by one
    return std::log((double(per_class[c].predicted) + 1) / (double(per_class[c].support) + 1));
  };
  const Index most = *std::max_element(tested.begin(), tested.end(), [&](Index a, Index b) {
    return std::abs(bias(a)) < std::abs(bias(b));
  });
  const ClassMetrics& metrics = per_class[most];
  const double ratio = double(metrics.predicted) / double(metrics.support);
  if (ratio > 0.95 && ratio < 1.05) {
    return fmt::format(" {} is predicted about as often as it occurs (within 5 %).",
                       tested.size() == per_class.size() ? "Every class" : "Each tested class");
  }
  return fmt::format(" {} is predicted too {}: {} for {}.", named(report.classes[most]),
                     ratio > 1 ? "often" : "rarely", counted(metrics.predicted, "time"),
                     counted(metrics.support, "image"));
}

// "All classes", "Both tested classes", "All 5 tested classes".
std::string all_of(const EvaluationReport& report, const std::vector<Index>& tested) {
  if (tested.size() == report.classes.size()) return "All classes";
  if (tested.size() == 2) return "Both tested classes";
  return fmt::format("All {} tested classes", tested.size());
}

std::string untested(const EvaluationReport& report, const std::vector<Index>& tested) {
  const std::size_t count = report.classes.size() - tested.size();
  if (count == 0) return {};
  return fmt::format("; {} of {} classes {} no test images", count, report.classes.size(),
                     count == 1 ? "has" : "have");
}

// Bins with fewer predictions are unreliable.
std::int64_t min_in_bin(const Metrics& m) {
  return std::max<std::int64_t>(10, m.count / 100);
}

double gap_of(const ReliabilityBin& bin) {
  return std::abs(bin.confidence - bin.accuracy);
}

const ReliabilityBin* largest_gap(const Metrics& m) {
  const ReliabilityBin* found = nullptr;
  for (const ReliabilityBin& bin : m.reliability) {
    if (bin.count < min_in_bin(m)) continue;
    if (!found || gap_of(bin) > gap_of(*found)) found = &bin;
  }
  return found;
}

// The unreliable bins with a larger gap than the one that is reported.
std::string ignored_bins(const Metrics& m, double largest) {
  std::int64_t bins = 0, predictions = 0;
  double largest_ignored = 0;
  for (const ReliabilityBin& bin : m.reliability) {
    if (bin.count == 0 || bin.count >= min_in_bin(m) || gap_of(bin) <= largest) continue;
    ++bins;
    predictions += bin.count;
    largest_ignored = std::max(largest_ignored, gap_of(bin));
  }
  if (bins == 0) return {};
  return fmt::format(
      " {} with fewer than {} predictions ({} in total), with a gap of up to {} "
      "points, {} ignored as unreliable.",
      counted(bins, "bin"), counted(min_in_bin(m)), counted(predictions),
      fixed(100 * largest_ignored, 1), bins == 1 ? "is" : "are");
}

std::string reliability_text(const EvaluationReport& report, double confidence) {
  const Metrics& m = report.metrics;
  const double difference = confidence - m.accuracy;
  std::string text = fmt::format("The mean confidence is {} and the accuracy {}: the model is ",
                                 percent(confidence), percent(m.accuracy));
  if (m.ece_interval.low == 0 && m.ece_interval.high > kUnknownError) {
    text = fmt::format(
        "The mean confidence is {} and the accuracy {} (95 % interval {}): too few images to say "
        "whether the model is calibrated.",
        percent(confidence), percent(m.accuracy), range_text(m.accuracy_interval));
  } else if (std::abs(difference) < 0.005) {
    text += m.ece < 0.03 ? "well calibrated."
                         : "calibrated on average, but not at every level of confidence.";
  } else {
    text += fmt::format("{} by {} percentage points.",
                        difference > 0 ? "overconfident" : "underconfident",
                        fixed(100 * std::abs(difference), 1));
  }
  const ReliabilityBin* gap = largest_gap(m);
  const double largest = gap ? gap_of(*gap) : 0;
  if (largest >= 0.02) {
    text += fmt::format(" The largest gap: of {} with a confidence of about {}, {} are correct.",
                        counted(gap->count, "prediction"), percent(gap->confidence),
                        percent(gap->accuracy));
  }
  text += ignored_bins(m, std::max(largest, 0.02));
  text +=
      fmt::format(" The expected calibration error (ECE) is {} points (95 % interval {} to {}, {})",
                  fixed(100 * m.ece, 1), fixed(100 * m.ece_interval.low, 1),
                  fixed(100 * m.ece_interval.high, 1), counted(m.count, "image"));
  if (std::abs(report.ece_uncalibrated - m.ece) >= 0.001) {
    text +=
        fmt::format(", {} without temperature scaling", fixed(100 * report.ece_uncalibrated, 1));
  }
  return text + ".";
}

}  // namespace

Insight per_class_metrics(const EvaluationReport& report) {
  const std::vector<Index> tested = tested_classes(report);
  if (tested.empty()) return {{}, "The evaluation has no images.", {}};
  const auto& per_class = report.metrics.per_class;
  Bars bars = empty_bars("class", {"score", Unit::fraction, 0, 1}, {"precision", "recall", "F1"});
  bars.categories = report.classes;
  for (const ClassMetrics& metrics : per_class) {
    const bool defined = metrics.support > 0 || metrics.predicted > 0;
    bars.series[0].values.push_back(defined ? metrics.precision : std::nan(""));
    bars.series[0].intervals.push_back(metrics.precision_interval);
    bars.series[1].intervals.push_back(metrics.recall_interval);
    bars.series[1].values.push_back(defined ? metrics.recall : std::nan(""));
    bars.series[2].values.push_back(defined ? metrics.f1 : std::nan(""));
  }
  const auto by_f1 = [&](Index a, Index b) { return per_class[a].f1 < per_class[b].f1; };
  const Index worst = *std::min_element(tested.begin(), tested.end(), by_f1);
  const Index best = *std::max_element(tested.begin(), tested.end(), by_f1);
  std::string text;
  if (per_class[best].f1 == per_class[worst].f1) {
    text = tested.size() == 1
               ? "Only one class has test images; its F1 score: " + f1_text(report, best) + "."
               : fmt::format("{} have the same F1 score, {}{}.", all_of(report, tested),
                             fixed(per_class[best].f1, 2), untested(report, tested));
  } else {
    text = fmt::format("The F1 score is lowest for {} and highest for {} ({}){}.",
                       f1_text(report, worst), named(report.classes[best]),
                       fixed(per_class[best].f1, 2), untested(report, tested));
  }
  text += prediction_bias(report, tested);
  return {{{std::move(bars)}}, text, {}};
}

Insight reliability(const EvaluationReport& report) {
  Curves panel{{"confidence", Unit::fraction, 0, 1}, {"accuracy", Unit::fraction, 0, 1}, {}};
  panel.dots = true;
  Curve curve{"model", {}, false, true};
  Histogram histogram{{"confidence", Unit::fraction, 0, 1}, {"images", Unit::count, 0, 0}, {}};
  double confidence = 0;
  std::int64_t count = 0;
  for (const ReliabilityBin& bin : report.metrics.reliability) {
    histogram.bins.push_back({bin.low, bin.high, double(bin.count)});
    if (bin.count == 0) continue;
    curve.points.push_back({bin.confidence, bin.accuracy});
    curve.intervals.push_back(
        wilson_interval(std::llround(bin.accuracy * double(bin.count)), bin.count));
    confidence += bin.confidence * double(bin.count);
    count += bin.count;
  }
  if (count == 0) return {{}, "The evaluation has no images.", {}};
  panel.curves.push_back(std::move(curve));
  panel.curves.push_back({"perfect calibration", {{0, 0}, {1, 1}}, true, false});
  return {{{std::move(panel), std::move(histogram)}},
          reliability_text(report, confidence / double(count)),
          {}};
}

std::string small_sample_caveat(const EvaluationReport& report) {
  const Metrics& m = report.metrics;
  std::vector<std::string> few, none;
  for (Index c = 0; c < report.classes.size(); ++c) {
    const std::int64_t images = m.per_class[c].support;
    if (images == 0) {
      none.push_back(named(report.classes[c]));
    } else if (images < kFewOfClass) {
      few.push_back(named(report.classes[c]));
    }
  }
  std::string text;
  if (m.count < kFewImages) {
    text = fmt::format("Only {}: the 95 % confidence interval of the accuracy is {}.",
                       counted(m.count, "image"), range_text(m.accuracy_interval));
  } else if (!few.empty()) {
    text = fmt::format("{} {} fewer than {} test images: {} metrics are unreliable.", some_of(few),
                       few.size() == 1 ? "has" : "have", kFewOfClass,
                       few.size() == 1 ? "its" : "their");
  }
  if (none.empty()) return text;
  return fmt::format("{}{}{} {} no test images.", text, text.empty() ? "" : " ", some_of(none, 12),
                     none.size() == 1 ? "has" : "have");
}

}  // namespace fovea::server
