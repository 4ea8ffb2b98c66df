#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

// Two classifiers' answers for the same images, as the gate and the forgetting report read them.
// The challenger may know more classes than the champion; classes are matched by name, and a
// champion's answer that the challenger does not know is a wrong answer. Points into its arguments.
struct Comparison {
  const Tensor& champion;       // probabilities {n, 1, 1, champion_classes}, rows sum to 1
  const Tensor& challenger;     // probabilities {n, 1, 1, classes}
  std::span<const int> labels;  // {n}, index into classes
  const std::vector<std::string>& champion_classes;
  const std::vector<std::string>& classes;  // the challenger's
};

// McNemar's test (1947) of two classifiers on the same images: of those that only one answered
// right, `lost` were the champion's and `won` the challenger's. Two-sided p: exact binomial when
// there are fewer than 25, else chi-square with continuity correction (Edwards 1948).
double mcnemar_p(std::int64_t lost, std::int64_t won);

// What each answered, by the challenger's numbering: {n}; -1 where the challenger has no such
// class.
struct Answers {
  std::vector<int> champion, challenger;
};
// Throws ShapeError like judge().
Answers read_answers(const Comparison& comparison);
// {classes}: whether the champion knows the challenger's class.
std::vector<bool> known_classes(const Comparison& comparison);

// ImagePool of one kind, counted: how many, how many each answered right, and who alone was right.
struct PairedCounts {
  std::int64_t count = 0, before = 0, after = 0, lost = 0, won = 0;
  PairedCounts& operator+=(const PairedCounts& other) {
    count += other.count;
    before += other.before;
    after += other.after;
    lost += other.lost;
    won += other.won;
    return *this;
  }
  void add(bool champion_right, bool challenger_right);
  double accuracy_before() const { return fraction(before); }  // 0 without images
  double accuracy_after() const { return fraction(after); }

 private:
  double fraction(std::int64_t part) const {
    return count == 0 ? 0 : static_cast<double>(part) / static_cast<double>(count);
  }
};

}  // namespace fovea
