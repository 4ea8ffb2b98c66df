#include "engine/retrain/comparison.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace fovea {
namespace {

void check(const Comparison& c) {
  const auto n = static_cast<int>(c.labels.size());
  const auto expect = [&](const char* who, const Tensor& t, std::size_t classes) {
    if (t.shape() == Shape{n, 1, 1, static_cast<int>(classes)}) return;
    throw ShapeError(std::string("judging: the ") + who + "'s answers have shape " +
                     to_string(t.shape(), true) + " for " + std::to_string(n) + " labels and " +
                     std::to_string(classes) + " classes");
  };
  if (n > 0) expect("champion", c.champion, c.champion_classes.size());
  if (n > 0) expect("challenger", c.challenger, c.classes.size());
  for (const int label : c.labels) {
    if (label < 0 || static_cast<std::size_t>(label) >= c.classes.size()) {
      throw ShapeError("judging: label " + std::to_string(label) + " is not below " +
                       std::to_string(c.classes.size()));
    }
  }
}

}  // namespace

double mcnemar_p(std::int64_t lost, std::int64_t won) {
  const std::int64_t n = lost + won;
  if (n == 0) return 1;
  if (n < 25) {
    // Twice the smaller tail of the binomial with share 1/2.
    double term = std::pow(0.5, static_cast<double>(n)), tail = 0;
    for (std::int64_t k = 0; k <= std::min(lost, won); ++k) {
      tail += term;
      term *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    }
    return std::min(1.0, 2 * tail);
  }
  const double distance = std::max(std::abs(static_cast<double>(lost - won)) - 1, 0.0);
  const double chi_square = distance * distance / static_cast<double>(n);
  return std::erfc(std::sqrt(chi_square / 2));  // one degree of freedom
}

void PairedCounts::add(bool champion_right, bool challenger_right) {
  ++count;
  before += champion_right ? 1 : 0;
  after += challenger_right ? 1 : 0;
  lost += champion_right && !challenger_right ? 1 : 0;
  won += challenger_right && !champion_right ? 1 : 0;
}

std::vector<bool> known_classes(const Comparison& c) {
  std::vector<bool> known;
  for (const std::string& name : c.classes) {
    known.push_back(std::find(c.champion_classes.begin(), c.champion_classes.end(), name) !=
                    c.champion_classes.end());
  }
  return known;
}

Answers read_answers(const Comparison& c) {
  check(c);
  std::vector<int> renumbered;  // champion's class -> challenger's
  for (const std::string& name : c.champion_classes) {
    const auto found = std::find(c.classes.begin(), c.classes.end(), name);
    renumbered.push_back(found == c.classes.end() ? -1
                                                  : static_cast<int>(found - c.classes.begin()));
  }
  Answers answers;
  for (std::size_t i = 0; i < c.labels.size(); ++i) {
    const auto best = [&](const Tensor& p) {
      const Scalar* row = p.image(static_cast<int>(i));
      return static_cast<int>(std::max_element(row, row + p.shape().c) - row);
    };
    answers.champion.push_back(renumbered[static_cast<std::size_t>(best(c.champion))]);
    answers.challenger.push_back(best(c.challenger));
  }
  return answers;
}

}  // namespace fovea
