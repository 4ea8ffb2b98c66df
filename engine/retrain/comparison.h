#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

// Probabilities of two classifiers for the same images: the input of the gate and of the forgetting
// report. The challenger may know more classes than the champion; classes are matched by name, and
// a champion's class that the challenger does not have counts as wrong. Refers to its arguments.
struct Comparison {
  const Tensor& champion;       // {n, 1, 1, champion_classes}, rows sum to 1
  const Tensor& challenger;     // {n, 1, 1, classes}
  std::span<const int> labels;  // {n}, index into classes
  const std::vector<std::string>& champion_classes;
  const std::vector<std::string>& classes;  // of the challenger
};

// McNemar's test (1947) for two classifiers on the same images. Of the images that only one
// classified correctly, `lost` were correct for the champion and `won` for the challenger. Returns
// the two-sided p: exact (binomial) for fewer than 25 such images, else chi-square with continuity
// correction (Edwards 1948).
double mcnemar_p(std::int64_t lost, std::int64_t won);

// The predicted class of each image, in the challenger's numbering: {n}; -1 when the challenger
// does not have the class.
struct Predictions {
  std::vector<int> champion, challenger;
};
// Throws ShapeError when sizes do not match or a label is out of range.
Predictions predicted_classes(const Comparison& comparison);
// {classes}: whether the champion has the challenger's class.
std::vector<bool> known_classes(const Comparison& comparison);

// Counts for a group of images: all of them, those that each classified correctly, and those that
// only one did.
struct PairedCounts {
  std::int64_t count = 0;
  std::int64_t before = 0, after = 0;  // correct for the champion, for the challenger
  std::int64_t lost = 0, won = 0;      // correct only for the champion, only for the challenger
  PairedCounts& operator+=(const PairedCounts& other) {
    count += other.count;
    before += other.before;
    after += other.after;
    lost += other.lost;
    won += other.won;
    return *this;
  }
  void add(bool champion_correct, bool challenger_correct);
  double accuracy_before() const { return fraction(before); }  // 0 without images
  double accuracy_after() const { return fraction(after); }

 private:
  double fraction(std::int64_t part) const {
    return count == 0 ? 0 : static_cast<double>(part) / static_cast<double>(count);
  }
};

}  // namespace fovea
