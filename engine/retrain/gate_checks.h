#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/fit/interval.h"
#include "engine/retrain/gate.h"

// The checks of gate.h, for gate.cpp.
namespace fovea {

// The input of the checks.
struct GateEvidence {
  struct Calibration {
    double ece = 0;  // expected calibration error on the images of known classes
    Interval interval;
  };
  std::vector<bool> known;              // {classes}
  std::vector<PairedCounts> per_class;  // {classes}
  PairedCounts old_images;              // of the classes that the champion knows
  Calibration champion, challenger;
};

// Each adds to `missing` what is needed for a decision, one sentence each.
using Missing = std::vector<std::string>;
GateCheck check_coverage(const Comparison& c, const GateEvidence& e, const GateOptions& options,
                         Missing& missing);
GateCheck check_old_accuracy(const GateEvidence& e, const GateOptions& options, Missing& missing);
GateCheck check_class_recall(const Comparison& c, const GateEvidence& e, const GateOptions& options,
                             Missing& missing);
GateCheck check_new_classes(const Comparison& c, const GateEvidence& e, const GateOptions& options,
                            Missing& missing);
GateCheck check_calibration(const GateEvidence& e, const GateOptions& options);

}  // namespace fovea
