#include "engine/retrain/comparison.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace fovea {
namespace {

void check(const Comparison& c) {
  const int n = int_size(c.labels);
  const auto check_shape = [&](const char* who, const Tensor& t, int classes) {
    if (t.shape() == Shape{n, 1, 1, classes}) return;
    throw ShapeError(std::string("gate: the ") + who + "'s probabilities have shape " +
                     to_string(t.shape(), true) + " for " + std::to_string(n) + " labels and " +
                     std::to_string(classes) + " classes");
  };
  if (n > 0) check_shape("champion", c.champion, int_size(c.champion_classes));
  if (n > 0) check_shape("challenger", c.challenger, int_size(c.classes));
  for (const int label : c.labels) {
    if (label < 0 || label >= std::ssize(c.classes)) {
      throw ShapeError("gate: label " + std::to_string(label) + " is not below " +
                       std::to_string(c.classes.size()));
    }
  }
}

}  // namespace

double mcnemar_p(std::int64_t lost, std::int64_t won) {
  const std::int64_t n = lost + won;
  if (n == 0) return 1;
  if (n < 25) {
    // Exact: without a difference, `lost` is binomial with probability 1/2. p is twice the smaller
    // tail, sum over k <= min(lost, won) of C(n, k) / 2^n.
    double term = std::pow(0.5, static_cast<double>(n)), tail = 0;
    for (std::int64_t k = 0; k <= std::min(lost, won); ++k) {
      tail += term;
      term *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    }
    return std::min(1.0, 2 * tail);
  }
  // chi^2 = (|lost - won| - 1)^2 / n with one degree of freedom, whose tail is erfc(sqrt(chi^2 /
  // 2)).
  const double distance = std::max(std::abs(static_cast<double>(lost - won)) - 1, 0.0);
  const double chi_square = distance * distance / static_cast<double>(n);
  return std::erfc(std::sqrt(chi_square / 2));
}

void PairedCounts::add(bool champion_correct, bool challenger_correct) {
  ++count;
  before += champion_correct ? 1 : 0;
  after += challenger_correct ? 1 : 0;
  lost += champion_correct && !challenger_correct ? 1 : 0;
  won += challenger_correct && !champion_correct ? 1 : 0;
}

std::vector<bool> known_classes(const Comparison& c) {
  std::vector<bool> known;
  for (const std::string& name : c.classes) {
    known.push_back(std::find(c.champion_classes.begin(), c.champion_classes.end(), name) !=
                    c.champion_classes.end());
  }
  return known;
}

Predictions predicted_classes(const Comparison& c) {
  check(c);
  std::vector<int> class_map;  // champion's class -> challenger's
  for (const std::string& name : c.champion_classes) {
    const auto found = std::find(c.classes.begin(), c.classes.end(), name);
    class_map.push_back(found == c.classes.end() ? -1
                                                 : static_cast<int>(found - c.classes.begin()));
  }
  Predictions predictions;
  for (int i = 0; i < int_size(c.labels); ++i) {
    predictions.champion.push_back(class_map[c.champion.argmax(i)]);
    predictions.challenger.push_back(c.challenger.argmax(i));
  }
  return predictions;
}

}  // namespace fovea
