#include "engine/eval/curves.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "engine/core/error.h"

namespace fovea {
namespace {

void check(const Tensor& probabilities, std::span<const int> labels) {
  if (probabilities.shape().n == std::ssize(labels)) return;
  throw ShapeError("curves: " + std::to_string(probabilities.shape().n) + " predictions for " +
                   std::to_string(labels.size()) + " labels");
}

double triangle(const CurvePoint& a, const CurvePoint& b, const CurvePoint& c) {
  return std::abs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2;
}

// Removes the point whose triangle with its neighbours is smallest, until max_points are left. The
// ends stay. before and after form a linked list of the remaining points.
std::vector<CurvePoint> simplify(const std::vector<CurvePoint>& points, int max_points) {
  const std::size_t n = points.size();
  const std::size_t limit = std::max(max_points, 2);
  if (n <= limit) return points;
  std::vector<std::size_t> before(n), after(n);
  std::vector<double> cost(n);
  std::set<std::pair<double, std::size_t>> queue;
  const auto enqueue = [&](std::size_t i) {
    cost[i] = triangle(points[before[i]], points[i], points[after[i]]);
    queue.emplace(cost[i], i);
  };
  for (std::size_t i = 1; i + 1 < n; ++i) {
    before[i] = i - 1;
    after[i] = i + 1;
    enqueue(i);
  }
  after[0] = 1;
  for (std::size_t left = n; left > limit; --left) {
    const std::size_t removed = queue.begin()->second;
    queue.erase(queue.begin());
    const std::size_t a = before[removed], b = after[removed];
    after[a] = b;
    before[b] = a;
    for (const std::size_t neighbour : {a, b}) {
      if (neighbour == 0 || neighbour == n - 1) continue;
      queue.erase({cost[neighbour], neighbour});
      enqueue(neighbour);
    }
  }
  std::vector<CurvePoint> kept;
  for (std::size_t i = 0; i != n - 1; i = after[i]) kept.push_back(points[i]);
  kept.push_back(points.back());
  return kept;
}

}  // namespace

ClassCurves class_curves(const Tensor& probabilities, std::span<const int> labels, int of_class,
                         int max_points) {
  check(probabilities, labels);
  if (of_class < 0 || of_class >= probabilities.shape().c) {
    throw ShapeError("curves: there is no class " + std::to_string(of_class));
  }
  std::vector<std::pair<Scalar, bool>> scored;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    scored.emplace_back(probabilities.image(static_cast<int>(i))[of_class], labels[i] == of_class);
  }
  std::sort(scored.begin(), scored.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto positives = static_cast<double>(
      std::count_if(scored.begin(), scored.end(), [](const auto& s) { return s.second; }));
  const double negatives = static_cast<double>(scored.size()) - positives;
  ClassCurves curves;
  if (positives == 0) return curves;
  curves.roc.push_back({0, 0});
  curves.pr.push_back({0, 1});
  // Lower the threshold through the distinct scores: hits and misses are the true and false
  // positives.
  double hits = 0, misses = 0;
  for (std::size_t i = 0; i < scored.size();) {
    const Scalar score = scored[i].first;
    for (; i < scored.size() && scored[i].first == score; ++i) {
      (scored[i].second ? hits : misses) += 1;
    }
    curves.roc.push_back({misses / std::max(negatives, 1.0), hits / positives});
    curves.pr.push_back({hits / positives, hits / (hits + misses)});
  }
  curves.roc = negatives > 0 ? simplify(curves.roc, max_points) : std::vector<CurvePoint>{};
  curves.pr = simplify(curves.pr, max_points);
  return curves;
}

double area_below(const std::vector<CurvePoint>& points) {
  double area = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    area += (points[i].x - points[i - 1].x) * (points[i].y + points[i - 1].y) / 2;
  }
  return area;
}

std::vector<Mistake> worst_mistakes(const Tensor& probabilities, std::span<const int> labels,
                                    int max_count) {
  check(probabilities, labels);
  std::vector<Mistake> mistakes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const int row = static_cast<int>(i), predicted = probabilities.argmax(row);
    if (predicted == labels[i]) continue;
    mistakes.push_back({row, labels[i], predicted, double{probabilities.image(row)[predicted]}});
  }
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return a.probability > b.probability;
  });
  if (std::ssize(mistakes) > max_count) mistakes.resize(std::max(max_count, 0));
  return mistakes;
}

}  // namespace fovea
