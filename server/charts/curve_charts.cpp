#include <algorithm>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

using Points = std::vector<CurvePoint>;

constexpr double kFalseAlarms = 0.01;  // of the other images
constexpr double kWanted = 0.9;        // share of a class that somebody wants to find

// The classes that have a curve, and which of them is best and worst by the area below it.
struct Ranked {
  Lines lines;
  std::size_t count = 0, best = 0, worst = 0;  // indices of classes
};

Ranked rank(const EvaluationReport& report, const Axis& x, const Axis& y,
            double ClassMetrics::*area, Points ClassCurves::*points) {
  Ranked ranked{{x, y, {}}};
  const auto& per_class = report.metrics.per_class;
  std::vector<std::size_t> known;
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    if (std::isfinite(per_class[c].*area) && !(report.curves[c].*points).empty()) {
      known.push_back(c);
    }
  }
  ranked.count = known.size();
  if (known.empty()) return ranked;
  const auto less = [&](std::size_t a, std::size_t b) {
    return per_class[a].*area < per_class[b].*area;
  };
  ranked.worst = *std::min_element(known.begin(), known.end(), less);
  ranked.best = *std::max_element(known.begin(), known.end(), less);
  for (const std::size_t c : known) {
    ranked.lines.lines.push_back({report.classes[c] + " (" + fixed(per_class[c].*area, 3) + ")",
                                  report.curves[c].*points, false,
                                  c == ranked.best || c == ranked.worst});
  }
  return ranked;
}

// Between two points of the curve, which rises.
double height_at(const Points& points, double x) {
  const auto after = std::upper_bound(points.begin(), points.end(), x,
                                      [](double at, const CurvePoint& p) { return at < p.x; });
  if (after == points.begin()) return points.front().y;
  if (after == points.end()) return points.back().y;
  const CurvePoint &a = *(after - 1), &b = *after;
  return a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x);
}

// The best precision with which at least that share is found.
double precision_at(const Points& points, double recall) {
  double best = 0;
  for (const CurvePoint& point : points) {
    if (point.x >= recall - 1e-9) best = std::max(best, point.y);
  }
  return best;
}

std::string ends(const EvaluationReport& report, const Ranked& ranked, double ClassMetrics::*area,
                 const std::string& what) {
  const auto& per_class = report.metrics.per_class;
  const auto one = [&](std::size_t c) {
    return named(report.classes[c]) + " (" + fixed(per_class[c].*area, 3) + ")";
  };
  if (ranked.count == 1) return what + " of " + one(ranked.best) + ".";
  if (per_class[ranked.best].*area == per_class[ranked.worst].*area) {
    return what + " of all " + std::to_string(ranked.count) + " classes is " +
           fixed(per_class[ranked.best].*area, 3) + ".";
  }
  return what + " is highest for " + one(ranked.best) + " and lowest for " + one(ranked.worst) +
         ".";
}

}  // namespace

Insight roc(const EvaluationReport& report) {
  Ranked ranked =
      rank(report, {"false alarms: share of the other classes' images", Unit::share, 0, 1},
           {"found: share of the class's images", Unit::share, 0, 1}, &ClassMetrics::roc_auc,
           &ClassCurves::roc);
  if (ranked.count == 0) {
    return {{}, "No class can be told from others: the images are all of one class.", {}};
  }
  ranked.lines.lines.push_back({"guessing (0.5)", {{0, 0}, {1, 1}}, true, false});
  const std::string worst = named(report.classes[ranked.worst]);
  const double area = report.metrics.per_class[ranked.worst].roc_auc;
  const double found = height_at(report.curves[ranked.worst].roc, kFalseAlarms);
  std::string text = ends(report, ranked, &ClassMetrics::roc_auc, "The area below the curve");
  text += " Of one image of " + worst + " and one of another class, the first gets the higher " +
          worst + " probability in " + percent(area) + " of cases.";
  text += " At one false alarm in " + counted(std::int64_t(std::lround(1 / kFalseAlarms))) + ", " +
          percent(found) + " of the images of " + worst + " are found.";
  return {{{std::move(ranked.lines)}}, text, {}};
}

Insight pr(const EvaluationReport& report) {
  Ranked ranked = rank(report, {"found: share of the class's images (recall)", Unit::share, 0, 1},
                       {"right: share of the answers (precision)", Unit::share, 0, 1},
                       &ClassMetrics::pr_auc, &ClassCurves::pr);
  if (ranked.count == 0) return {{}, "No class has images in this evaluation.", {}};
  const std::string worst = named(report.classes[ranked.worst]);
  const double precision = precision_at(report.curves[ranked.worst].pr, kWanted);
  std::string text = ends(report, ranked, &ClassMetrics::pr_auc, "Average precision");
  if (precision >= 0.9995) {
    text += " Even of " + worst + ", " + percent(kWanted) +
            " of the images can be found without a wrong image among them.";
  } else {
    text += " Whoever wants to find " + percent(kWanted) + " of the images of " + worst +
            " has to accept that " + percent(1 - precision) + " of what is taken for " + worst +
            " is something else.";
  }
  return {{{std::move(ranked.lines)}}, text, {}};
}

}  // namespace fovea::server
