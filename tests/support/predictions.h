#pragma once

#include <string>
#include <vector>

#include "engine/retrain/comparison.h"

// Predictions of two classifiers, for tests of the gate and of the forgetting report.
namespace fovea::tests {

struct PredictionPair {
  std::vector<std::string> champion_classes, classes;
  float champion_confidence = 0.8f, challenger_confidence = 0.8f;  // of every prediction
  std::vector<int> labels, before, after;

  PredictionPair(std::vector<std::string> old_classes, std::vector<std::string> new_classes)
      : champion_classes(std::move(old_classes)), classes(std::move(new_classes)) {}

  // Adds `count` images of class `label` with these predicted classes, each in the numbering of its
  // classifier.
  PredictionPair& add(int label, int champion, int challenger, int count) {
    for (int i = 0; i < count; ++i) {
      labels.push_back(label);
      before.push_back(champion);
      after.push_back(challenger);
    }
    return *this;
  }
  // Valid until the next call.
  Comparison comparison() {
    champion_ = probabilities(before, champion_classes.size(), champion_confidence);
    challenger_ = probabilities(after, classes.size(), challenger_confidence);
    return {champion_, challenger_, labels, champion_classes, classes};
  }

 private:
  // The predicted class has probability `confidence`; the others share the rest.
  static Tensor probabilities(const std::vector<int>& predicted, std::size_t classes,
                              float confidence) {
    const int n = static_cast<int>(predicted.size()), c = static_cast<int>(classes);
    Tensor t({n, 1, 1, c});
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < c; ++k) {
        t.image(i)[k] =
            k == predicted[i] ? confidence : (1 - confidence) / float(c > 1 ? c - 1 : 1);
      }
    }
    return t;
  }
  Tensor champion_, challenger_;
};

}  // namespace fovea::tests
