#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/retrain/comparison.h"

namespace fovea {

// What became of one class between champion and challenger, on its held-out images.
struct ClassChange {
  std::string name;
  bool is_new = false;           // the champion does not know it
  std::int64_t support = 0;      // held-out images; without any the shares are 0
  double before = 0, after = 0;  // recall; before is 0 for a new class
  double difference = 0;         // after - before
  double low = 0, high = 0;      // 95 % interval of the difference
  double p = 1;                  // McNemar's test
  std::string confused_with;     // what the challenger most often says instead
  std::int64_t confused = 0;     // how often; 0: never wrong
};

struct ForgettingReport {
  std::vector<ClassChange> classes;       // in the challenger's order
  PairedCounts old_classes, new_classes;  // all their images together
  std::vector<std::string> sentences;     // for people, one or more
};

// The interval of a paired difference is that of Agresti and Min (2005, Statistics in Medicine 24):
// Wald's with half an image added to each of the four cells. Throws ShapeError like judge().
ForgettingReport report_forgetting(const Comparison& comparison);

}  // namespace fovea
