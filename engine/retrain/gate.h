#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/retrain/comparison.h"

namespace fovea {

struct GateOptions {
  double alpha = 0.05;                // significance of the overall McNemar test
  double min_absolute_change = 0.01;  // share; smaller drops are let through, significant or not
  double class_alpha = 0.01;     // of the test of one class: about ten are looked at, so stricter
  int class_min_support = 20;    // held-out images below which no class is judged alone
  double class_max_drop = 0.05;  // share of the class's images
  double new_class_min_recall = 0.6;  // mean over the new classes
  int new_class_min_support = 4;      // held-out images of each new class
  double max_ece_rise = 0.03;
  int min_old_images = 100;  // held-out images of classes that the champion knows
};

enum class Decision { promote, reject, cannot_judge };
std::string to_string(Decision decision);  // "promote", "reject", "cannot_judge"

struct Rule {
  enum class Outcome { passed, failed, unknown };  // unknown: not enough images to say
  std::string name;  // coverage, old_accuracy, class_recall, new_classes, calibration
  Outcome outcome = Outcome::passed;
  std::string text;                                     // one sentence with the numbers
  std::vector<std::pair<std::string, double>> numbers;  // shares 0 to 1, p values, counts
};

struct GateVerdict {
  Decision decision = Decision::cannot_judge;
  std::string text;                  // one sentence
  std::vector<Rule> rules;           // always the five, in the order above
  std::vector<std::string> missing;  // what a verdict would need, a sentence each
};

// Whether the challenger may replace the champion. Held-out images only: neither of the two may
// have been trained on them. A failed rule rejects; without one, an unknown rule means that it
// cannot be judged; otherwise promote.
//   coverage       every class of the champion has held-out images, min_old_images in all
//   old_accuracy   on the classes that the champion knows the accuracy did not drop by more than
//                  min_absolute_change with p < alpha
//   class_recall   no such class with class_min_support dropped by more than class_max_drop with
//                  p < class_alpha
//   new_classes    mean recall over the classes that the champion does not know
//   calibration    expected calibration error on the old classes, against the champion's
// Throws ShapeError when sizes do not match or a label is out of range.
GateVerdict judge(const Comparison& comparison, const GateOptions& options = {});

}  // namespace fovea
