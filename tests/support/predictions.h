#pragma once

#include <string>
#include <vector>

#include "engine/retrain/comparison.h"

// Answers of two classifiers, put together by hand for tests of what compares them.
namespace fovea::tests {

struct Pair {
  std::vector<std::string> champion_classes, classes;
  float champion_sure = 0.8f, challenger_sure = 0.8f;  // probability of every answer
  std::vector<int> labels, before, after;

  Pair(std::vector<std::string> old_classes, std::vector<std::string> new_classes)
      : champion_classes(std::move(old_classes)), classes(std::move(new_classes)) {}

  // `count` images of class `label` that the two answered so, each in its own numbering.
  Pair& add(int label, int champion_says, int challenger_says, int count) {
    for (int i = 0; i < count; ++i) {
      labels.push_back(label);
      before.push_back(champion_says);
      after.push_back(challenger_says);
    }
    return *this;
  }
  // Valid until the next call.
  Comparison comparison() {
    champion_ = table(before, champion_classes.size(), champion_sure);
    challenger_ = table(after, classes.size(), challenger_sure);
    return {champion_, challenger_, labels, champion_classes, classes};
  }

 private:
  static Tensor table(const std::vector<int>& answers, std::size_t classes, float sure) {
    const int n = static_cast<int>(answers.size()), c = static_cast<int>(classes);
    Tensor t({n, 1, 1, c});
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < c; ++k) {
        t.image(i)[k] = k == answers[std::size_t(i)] ? sure : (1 - sure) / float(c > 1 ? c - 1 : 1);
      }
    }
    return t;
  }
  Tensor champion_, challenger_;
};

}  // namespace fovea::tests
