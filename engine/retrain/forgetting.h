#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/fit/interval.h"
#include "engine/retrain/comparison.h"

namespace fovea {

// How one class changed from champion to challenger, on its held-out images.
struct ClassChange {
  std::string name;
  bool is_new = false;           // the champion does not have it
  std::int64_t support = 0;      // held-out images; without any the fractions are 0
  double before = 0, after = 0;  // recall; before is 0 for a new class
  double difference = 0;         // after - before
  Interval after_interval;       // 95 %, Wilson's
  Interval interval;             // 95 %, of the difference: paired_change_interval()
  double p = 1;                  // McNemar's test
  std::string confused_with;     // the challenger's most frequent wrong prediction
  std::int64_t confused = 0;     // its number of images; 0: no mistakes
};

struct ForgettingReport {
  std::vector<ClassChange> classes;       // in the challenger's order
  PairedCounts old_classes, new_classes;  // all their images together
  std::vector<std::string> sentences;     // a human-readable summary, at least one sentence
};

// Throws ShapeError as predicted_classes().
ForgettingReport report_forgetting(const Comparison& comparison);

}  // namespace fovea
