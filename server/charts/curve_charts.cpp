#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

using Points = std::vector<CurvePoint>;

constexpr double kFalsePositiveRate = 0.01;  // at which the recall is reported
constexpr double kRecall = 0.9;              // at which the precision is reported

// The curves of the classes that have one, and the classes with the largest and the smallest area
// under the curve.
struct Ranked {
  Curves panel;
  std::size_t count = 0;            // classes with a curve
  std::size_t best = 0, worst = 0;  // indices of classes
};

Ranked rank(const EvaluationReport& report, const Axis& x, const Axis& y,
            double ClassMetrics::*area, Points ClassCurves::*points) {
  Ranked ranked{{x, y, {}}};
  const auto& per_class = report.metrics.per_class;
  std::vector<std::size_t> with_curve;
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    if (std::isfinite(per_class[c].*area) && !(report.curves[c].*points).empty()) {
      with_curve.push_back(c);
    }
  }
  ranked.count = with_curve.size();
  if (with_curve.empty()) return ranked;
  const auto less = [&](std::size_t a, std::size_t b) {
    return per_class[a].*area < per_class[b].*area;
  };
  ranked.worst = *std::min_element(with_curve.begin(), with_curve.end(), less);
  ranked.best = *std::max_element(with_curve.begin(), with_curve.end(), less);
  for (const std::size_t c : with_curve) {
    ranked.panel.curves.push_back({report.classes[c] + " (" + fixed(per_class[c].*area, 3) + ")",
                                   report.curves[c].*points, false,
                                   c == ranked.best || c == ranked.worst});
  }
  return ranked;
}

// The value of a rising curve at x, interpolated linearly.
double value_at(const Points& points, double x) {
  const auto after = std::upper_bound(points.begin(), points.end(), x,
                                      [](double at, const CurvePoint& p) { return at < p.x; });
  if (after == points.begin()) return points.front().y;
  if (after == points.end()) return points.back().y;
  const CurvePoint &a = *(after - 1), &b = *after;
  return a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x);
}

// The best precision at that recall or a higher one.
double precision_at(const Points& points, double recall) {
  double best = 0;
  for (const CurvePoint& point : points) {
    if (point.x >= recall - 1e-9) best = std::max(best, point.y);
  }
  return best;
}

// `measure`: the name of the area.
std::string extremes(const EvaluationReport& report, const Ranked& ranked,
                     double ClassMetrics::*area, const std::string& measure) {
  const auto& per_class = report.metrics.per_class;
  const auto value = [&](std::size_t c) { return fixed(per_class[c].*area, 3); };
  if (ranked.count == 1) {
    return fmt::format("{} is {} for {}.", measure, value(ranked.best),
                       named(report.classes[ranked.best]));
  }
  if (per_class[ranked.best].*area == per_class[ranked.worst].*area) {
    return fmt::format("{} is {} for all {} classes.", measure, value(ranked.best), ranked.count);
  }
  return fmt::format("{} is highest for {} ({}) and lowest for {} ({}).", measure,
                     named(report.classes[ranked.best]), value(ranked.best),
                     named(report.classes[ranked.worst]), value(ranked.worst));
}

}  // namespace

Insight roc_curves(const EvaluationReport& report) {
  Ranked ranked = rank(report, {"false positive rate", Unit::fraction, 0, 1},
                       {"true positive rate (recall)", Unit::fraction, 0, 1},
                       &ClassMetrics::roc_auc, &ClassCurves::roc);
  if (ranked.count == 0) {
    return {{}, "There are no ROC curves: they need test images of at least two classes.", {}};
  }
  ranked.panel.curves.push_back({"random guessing (0.5)", {{0, 0}, {1, 1}}, true, false});
  const std::string worst = named(report.classes[ranked.worst]);
  const double area = report.metrics.per_class[ranked.worst].roc_auc;
  const double recall = value_at(report.curves[ranked.worst].roc, kFalsePositiveRate);
  std::string text =
      extremes(report, ranked, &ClassMetrics::roc_auc, "The area under the ROC curve");
  // The area is the probability of ranking a random pair correctly (Fawcett 2006).
  text += fmt::format(
      " Of an image of {0} and one of another class, the image of {0} gets the "
      "higher probability for {0} in {1} of cases.",
      worst, percent(area));
  text += fmt::format(" At a false positive rate of {}, the recall of {} is {}.",
                      percent(kFalsePositiveRate), worst, percent(recall));
  return {{{std::move(ranked.panel)}}, text, {}};
}

Insight precision_recall_curves(const EvaluationReport& report) {
  Ranked ranked =
      rank(report, {"recall", Unit::fraction, 0, 1}, {"precision", Unit::fraction, 0, 1},
           &ClassMetrics::pr_auc, &ClassCurves::pr);
  if (ranked.count == 0) return {{}, "The evaluation has no images.", {}};
  const std::string worst = named(report.classes[ranked.worst]);
  const double precision = precision_at(report.curves[ranked.worst].pr, kRecall);
  std::string text = extremes(report, ranked, &ClassMetrics::pr_auc, "Average precision");
  if (precision >= 0.9995) {
    text += fmt::format(" Even {} reaches a recall of {} without false positives.", worst,
                        percent(kRecall));
  } else {
    text += fmt::format(
        " At a recall of {}, {} of the images classified as {} are of other "
        "classes.",
        percent(kRecall), percent(1 - precision), worst);
  }
  return {{{std::move(ranked.panel)}}, text, {}};
}

}  // namespace fovea::server
