#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/retrain/comparison.h"

namespace fovea {

struct GateOptions {
  double alpha = 0.05;                // 1 minus the level of the interval of the overall change
  double min_absolute_change = 0.01;  // fraction; smaller drops pass, significant or not
  double max_possible_drop = 0.05;    // a larger one must lie outside of the interval
  double class_alpha = 0.01;   // of the change of one class; stricter, because about ten are tested
  int class_min_support = 20;  // held-out images needed to test a class alone
  double class_max_drop = 0.05;       // of recall, as a fraction
  double new_class_min_recall = 0.6;  // of all images of new classes
  int new_class_min_support = 4;      // held-out images needed of each new class
  double max_ece_rise = 0.03;
  int min_old_images = 100;  // held-out images needed of classes that the champion knows
  // Promote when no check failed, although there are too few images for some. For a challenger that
  // was trained in the same way on more images, of which a loss is not expected.
  bool promote_unless_worse = false;
};

enum class Decision { promote, reject, undecided };
std::string to_string(Decision decision);  // "promote", "reject", "cannot_judge"

// One check of the gate with its result.
struct GateCheck {
  enum class Result { passed, failed, unknown };  // unknown: there are too few images
  std::string name;  // coverage, old_accuracy, class_recall, new_classes, calibration
  Result result = Result::passed;
  std::string text;                                     // one sentence with the numbers
  std::vector<std::pair<std::string, double>> numbers;  // fractions 0 to 1, p values, counts
};

struct GateVerdict {
  Decision decision = Decision::undecided;
  std::string text;                  // one sentence
  std::vector<GateCheck> checks;     // always the five, in the order above
  std::vector<std::string> missing;  // what is needed for a decision, one sentence each
};

// Whether the challenger may replace the champion, by their predictions for held-out images, which
// neither was trained on. A failed check rejects; without one, an unknown check leaves the gate
// undecided; otherwise the challenger is promoted.
//   coverage       every class of the champion has held-out images, min_old_images in total
//   old_accuracy   on the classes that the champion knows: failed when the accuracy dropped by more
//                  than min_absolute_change and the interval of the change lies below 0; unknown
//                  when the interval includes a drop of more than max_possible_drop
//   class_recall   failed when the recall of such a class with class_min_support images dropped by
//                  more than class_max_drop and the interval of the change lies below 0
//   new_classes    the recall on the classes that the champion does not know: passed when the
//                  whole interval is at least new_class_min_recall, failed when it is below
//   calibration    the expected calibration error on the old classes: failed when it rose by more
//                  than max_ece_rise and the interval of the change lies above 0
// The intervals are those of engine/fit/interval.h.
// Throws ShapeError when sizes do not match or a label is out of range.
GateVerdict run_gate(const Comparison& comparison, const GateOptions& options = {});

}  // namespace fovea
