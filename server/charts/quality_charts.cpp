#include <algorithm>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFewImages = 100;  // accuracy is then known to 10 points at best
constexpr std::int64_t kFewOfClass = 20;

using Index = std::size_t;

std::vector<Index> seen_classes(const EvaluationReport& report) {
  std::vector<Index> seen;
  for (Index c = 0; c < report.classes.size(); ++c) {
    if (report.metrics.per_class[c].support > 0) seen.push_back(c);
  }
  return seen;
}

std::string quality(const EvaluationReport& report, Index c) {
  const ClassMetrics& mine = report.metrics.per_class[c];
  return named(report.classes[c]) + " (F1 " + fixed(mine.f1, 2) + ": " + percent(mine.recall) +
         " of its images are found, " + percent(mine.precision) + " of such answers are right)";
}

// A class that is answered much more often, or more rarely, than it occurs.
std::string leaning(const EvaluationReport& report, const std::vector<Index>& seen) {
  const auto& per_class = report.metrics.per_class;
  const auto lean = [&](Index c) {
    return std::log((double(per_class[c].predicted) + 1) / (double(per_class[c].support) + 1));
  };
  const Index most = *std::max_element(seen.begin(), seen.end(), [&](Index a, Index b) {
    return std::abs(lean(a)) < std::abs(lean(b));
  });
  const ClassMetrics& mine = per_class[most];
  const double ratio = double(mine.predicted) / double(mine.support);
  if (ratio > 0.95 && ratio < 1.05) {
    return std::string(seen.size() == per_class.size() ? " Every class" : " Each of them") +
           " is answered about as often as it occurs (within 5 %).";
  }
  return " " + named(report.classes[most]) + " is answered too " +
         (ratio > 1 ? "often: " : "rarely: ") + counted(mine.predicted) + " times for " +
         counted(mine.support, "image") + ".";
}

// "All classes", "Both tested classes", "All 5 tested classes".
std::string all_of(const EvaluationReport& report, const std::vector<Index>& seen) {
  if (seen.size() == report.classes.size()) return "All classes";
  if (seen.size() == 2) return "Both tested classes";
  return "All " + std::to_string(seen.size()) + " tested classes";
}

std::string untested(const EvaluationReport& report, const std::vector<Index>& seen) {
  const std::size_t left = report.classes.size() - seen.size();
  if (left == 0) return {};
  return "; " + std::to_string(left) + " of " + std::to_string(report.classes.size()) +
         " classes had no test image";
}

// Dots of fewer answers say little.
std::int64_t enough_for_a_dot(const Metrics& m) {
  return std::max<std::int64_t>(10, m.count / 100);
}

double gap_of(const ReliabilityBin& bin) {
  return std::abs(bin.confidence - bin.accuracy);
}

const ReliabilityBin* largest_gap(const Metrics& m) {
  const ReliabilityBin* found = nullptr;
  for (const ReliabilityBin& bin : m.reliability) {
    if (bin.count < enough_for_a_dot(m)) continue;
    if (!found || gap_of(bin) > gap_of(*found)) found = &bin;
  }
  return found;
}

// The dots further off than any that the sentence counts, if there are such.
std::string thin_dots(const Metrics& m, double largest) {
  std::int64_t dots = 0, answers = 0;
  double furthest = 0;
  for (const ReliabilityBin& bin : m.reliability) {
    if (bin.count == 0 || bin.count >= enough_for_a_dot(m) || gap_of(bin) <= largest) continue;
    ++dots;
    answers += bin.count;
    furthest = std::max(furthest, gap_of(bin));
  }
  if (dots == 0) return {};
  return " " + counted(dots, "dot") + " of fewer than " + counted(enough_for_a_dot(m)) +
         " answers (" + counted(answers) + " in all), up to " + fixed(100 * furthest, 1) +
         " points off, " + (dots == 1 ? "is" : "are") + " left out here: chance moves " +
         (dots == 1 ? "it." : "them.");
}

std::string reliability_text(const EvaluationReport& report, double confidence) {
  const Metrics& m = report.metrics;
  const double difference = confidence - m.accuracy;
  std::string text = "On average it is " + percent(confidence) + " sure and right in " +
                     percent(m.accuracy) + " of cases: ";
  if (std::abs(difference) < 0.005) {
    text += m.ece < 0.03 ? "what it says can be taken at its word."
                         : "as often as it says, but not at each level of confidence.";
  } else {
    text += (difference > 0 ? "too sure by " : "too modest by ") +
            fixed(100 * std::abs(difference), 1) + " points.";
  }
  const ReliabilityBin* gap = largest_gap(m);
  const double largest = gap ? gap_of(*gap) : 0;
  if (largest >= 0.02) {
    text += " The largest gap: of " + counted(gap->count, "answer") + " given with about " +
            percent(gap->confidence) + ", " + percent(gap->accuracy) + " are right.";
  }
  text += thin_dots(m, std::max(largest, 0.02));
  text += " The mean gap (ECE) is " + fixed(100 * m.ece, 1) + " points";
  if (std::abs(report.ece_uncalibrated - m.ece) >= 0.001) {
    text += ", " + fixed(100 * report.ece_uncalibrated, 1) + " without the calibration";
  }
  return text + ".";
}

}  // namespace

Insight per_class_metrics(const EvaluationReport& report) {
  const std::vector<Index> seen = seen_classes(report);
  if (seen.empty()) return {{}, "The evaluation has no images.", {}};
  const auto& per_class = report.metrics.per_class;
  Bars bars = empty_bars(
      "class", {"share", Unit::share, 0, 1},
      {"precision (of its answers, right)", "recall (of its images, found)", "F1 (both in one)"});
  bars.categories = report.classes;
  for (const ClassMetrics& mine : per_class) {
    const bool any = mine.support > 0 || mine.predicted > 0;
    bars.series[0].values.push_back(any ? mine.precision : std::nan(""));
    bars.series[1].values.push_back(any ? mine.recall : std::nan(""));
    bars.series[2].values.push_back(any ? mine.f1 : std::nan(""));
  }
  const auto by_f1 = [&](Index a, Index b) { return per_class[a].f1 < per_class[b].f1; };
  const Index worst = *std::min_element(seen.begin(), seen.end(), by_f1);
  const Index best = *std::max_element(seen.begin(), seen.end(), by_f1);
  std::string text;
  if (per_class[best].f1 == per_class[worst].f1) {
    text = seen.size() == 1 ? "Only one class was tested: " + quality(report, best) + "."
                            : all_of(report, seen) + " are known equally well, F1 " +
                                  fixed(per_class[best].f1, 2) + untested(report, seen) + ".";
  } else {
    text = "Known worst is " + quality(report, worst) + ", best " + named(report.classes[best]) +
           " (F1 " + fixed(per_class[best].f1, 2) + ")" + untested(report, seen) + ".";
  }
  text += leaning(report, seen);
  return {{{std::move(bars)}}, text, {}};
}

Insight reliability(const EvaluationReport& report) {
  Lines lines{
      {"how sure it is", Unit::share, 0, 1}, {"how often it is right", Unit::share, 0, 1}, {}};
  lines.dots = true;
  Line line{"answers", {}, false, true};
  Histogram histogram{{"how sure it is", Unit::share, 0, 1}, {"images", Unit::count, 0, 0}, {}};
  double confidence = 0;
  std::int64_t count = 0;
  for (const ReliabilityBin& bin : report.metrics.reliability) {
    histogram.bins.push_back({bin.low, bin.high, double(bin.count)});
    if (bin.count == 0) continue;
    line.points.push_back({bin.confidence, bin.accuracy});
    confidence += bin.confidence * double(bin.count);
    count += bin.count;
  }
  if (count == 0) return {{}, "The evaluation has no images.", {}};
  lines.lines.push_back(std::move(line));
  lines.lines.push_back({"as sure as right", {{0, 0}, {1, 1}}, true, false});
  return {{{std::move(lines), std::move(histogram)}},
          reliability_text(report, confidence / double(count)),
          {}};
}

std::string thin_evaluation(const EvaluationReport& report) {
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
    text = "Only " + counted(m.count, "image") + ": the accuracy of " + percent(m.accuracy) +
           " may in truth be anything from " + percent(m.accuracy_low) + " to " +
           percent(m.accuracy_high) + ".";
  } else if (!few.empty()) {
    text = "Fewer than " + std::to_string(kFewOfClass) + " images of " + some_of(few) +
           ": chance plays a part there.";
  }
  if (none.empty()) return text;
  return text + (text.empty() ? "" : " ") + "No images of " + some_of(none, 12) + " were tested.";
}

}  // namespace fovea::server
