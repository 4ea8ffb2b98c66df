#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/retrain/comparison.h"

namespace fovea {

// How one class changed from champion to challenger, on its held-out images.
struct ClassChange {
  std::string name;
  bool is_new = false;           // the champion does not have it
  std::int64_t support = 0;      // held-out images; without any the fractions are 0
  double before = 0, after = 0;  // recall; before is 0 for a new class
  double difference = 0;         // after - before
  double low = 0, high = 0;      // 95 % interval of the difference
  double p = 1;                  // McNemar's test
  std::string confused_with;     // the challenger's most frequent wrong prediction
  std::int64_t confused = 0;     // its number of images; 0: no mistakes
};

struct ForgettingReport {
  std::vector<ClassChange> classes;       // in the challenger's order
  PairedCounts old_classes, new_classes;  // all their images together
  std::vector<std::string> sentences;     // a human-readable summary, at least one sentence
};

// The interval of the paired difference is that of Agresti and Min (2005, Statistics in Medicine
// 24): Wald's interval after adding half an image to each of the four cells. Throws ShapeError as
// predicted_classes().
ForgettingReport report_forgetting(const Comparison& comparison);

}  // namespace fovea
