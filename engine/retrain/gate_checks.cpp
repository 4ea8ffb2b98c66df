#include "engine/retrain/gate_checks.h"

#include <algorithm>
#include <cstdio>

#include "engine/core/text.h"

namespace fovea {
namespace {

using Result = GateCheck::Result;

// A difference of fractions in percentage points.
std::string points(double difference) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f points", 100 * difference);
  return text;
}

// "95 % interval of the change: -2.1 to +0.4 points".
std::string change_text(const Interval& change, double alpha) {
  char text[80];
  std::snprintf(text, sizeof text, "%.4g %% interval of the change: %+.1f to %+.1f points",
                100 * (1 - alpha), 100 * change.low, 100 * change.high);
  return text;
}

// "19 of 20 (95.0 %; 95 % interval 76.4 % to 99.1 %)".
std::string rate_text(std::int64_t hits, std::int64_t count, double fraction,
                      const Interval& interval) {
  return std::to_string(hits) + " of " + std::to_string(count) + " (" + format_percent(fraction) +
         "; " + interval_text(interval) + ")";
}

// "a, b, c, d, e and 3 more".
std::string list_some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  if (names.size() <= kShown) return join(names);
  return join({names.begin(), names.begin() + kShown}) + " and " +
         std::to_string(names.size() - kShown) + " more";
}

}  // namespace

GateCheck check_coverage(const Comparison& c, const GateEvidence& e, const GateOptions& options,
                         Missing& missing) {
  GateCheck check{"coverage", Result::passed, "", {}};
  std::vector<std::string> empty;
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    if (e.known[i] && e.per_class[i].count == 0) empty.push_back(c.classes[i]);
  }
  for (const std::string& name : c.champion_classes) {
    const bool kept = std::find(c.classes.begin(), c.classes.end(), name) != c.classes.end();
    if (!kept) empty.push_back(name);
  }
  const std::int64_t count = e.old_images.count;
  check.text = std::to_string(count) + " held-out images of classes that the champion knows";
  if (count < options.min_old_images) {
    check.result = Result::unknown;
    missing.push_back("At least " + std::to_string(options.min_old_images) +
                      " held-out images of classes that the champion knows; there are " +
                      std::to_string(count) + ".");
    check.text += ", fewer than the " + std::to_string(options.min_old_images) + " needed";
  }
  if (!empty.empty()) {
    check.result = Result::unknown;
    missing.push_back("Held-out images of " + list_some(empty) + ".");
    check.text += "; none of " + list_some(empty);
  }
  check.text += ".";
  check.numbers = {{"images", static_cast<double>(count)},
                   {"needed", options.min_old_images},
                   {"classes_without_images", static_cast<double>(empty.size())}};
  return check;
}

GateCheck check_old_accuracy(const GateEvidence& e, const GateOptions& options, Missing& missing) {
  const PairedCounts& old = e.old_images;
  GateCheck check{"old_accuracy", Result::passed, "", {}};
  const double before = old.accuracy_before(), after = old.accuracy_after();
  const double drop = before - after;
  const Interval change = paired_change_interval(old.lost, old.won, old.count, options.alpha);
  check.numbers = {{"images", static_cast<double>(old.count)},
                   {"before", before},
                   {"after", after},
                   {"lost", static_cast<double>(old.lost)},
                   {"won", static_cast<double>(old.won)},
                   {"change_low", change.low},
                   {"change_high", change.high},
                   {"p", mcnemar_p(old.lost, old.won)},
                   {"alpha", options.alpha},
                   {"allowed_drop", options.min_absolute_change},
                   {"max_possible_drop", options.max_possible_drop}};
  if (old.count < options.min_old_images) {
    check.result = Result::unknown;
    check.text =
        "There are too few old images (" + std::to_string(old.count) + ") to compare the accuracy.";
    return check;
  }
  check.text = "Accuracy on the old classes went from " + format_percent(before) + " to " +
               format_percent(after) + " (" + std::to_string(old.count) + " images, " +
               std::to_string(old.lost) + " lost, " + std::to_string(old.won) + " won; " +
               change_text(change, options.alpha) + "): ";
  if (change.high < 0 && drop > options.min_absolute_change) {
    check.result = Result::failed;
    check.text +=
        "a significant drop of more than the allowed " + points(options.min_absolute_change) + ".";
  } else if (-change.low > options.max_possible_drop) {
    check.result = Result::unknown;
    check.text += "a drop of more than " + points(options.max_possible_drop) + " is possible.";
    missing.push_back("More held-out images of old classes: " + std::to_string(old.count) +
                      " cannot rule out a drop of " + points(options.max_possible_drop) + ".");
  } else if (drop <= 0) {
    check.text += "no drop.";
  } else if (drop <= options.min_absolute_change) {
    check.text += "within the allowed " + points(options.min_absolute_change) + ".";
  } else {
    check.text += "the drop may be chance.";
  }
  return check;
}

GateCheck check_class_recall(const Comparison& c, const GateEvidence& e, const GateOptions& options,
                             Missing& missing) {
  GateCheck check{"class_recall", Result::passed, "", {}};
  std::vector<std::string> failed, thin;
  double tested = 0, worst = 0;
  std::string worst_text = "no class dropped";
  PairedCounts together;  // of the classes with few images
  const auto test = [&](const std::string& name, const PairedCounts& counts) {
    ++tested;
    const double before = counts.accuracy_before(), after = counts.accuracy_after();
    const Interval range =
        paired_change_interval(counts.lost, counts.won, counts.count, options.class_alpha);
    const std::string change = name + " from " + format_percent(before) + " to " +
                               format_percent(after) + " (" + std::to_string(counts.count) +
                               " images; " + change_text(range, options.class_alpha) + ")";
    if (before - after > worst) {
      worst = before - after;
      worst_text = "the largest drop is " + change;
    }
    if (before - after > options.class_max_drop && range.high < 0) failed.push_back(change);
  };
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    const PairedCounts& counts = e.per_class[i];
    if (!e.known[i] || counts.count == 0) continue;
    if (counts.count < options.class_min_support) {
      thin.push_back(c.classes[i]);
      together += counts;
    } else {
      test(c.classes[i], counts);
    }
  }
  if (tested > 0 && thin.size() > 1 && together.count >= options.class_min_support) {
    test(list_some(thin) + " together", together);
    thin.clear();
  }
  check.numbers = {{"judged", tested},
                   {"too_few_images", static_cast<double>(thin.size())},
                   {"failed", static_cast<double>(failed.size())},
                   {"largest_drop", worst},
                   {"allowed_drop", options.class_max_drop},
                   {"alpha", options.class_alpha},
                   {"min_support", options.class_min_support}};
  if (!failed.empty()) {
    check.result = Result::failed;
    check.text = "Recall dropped significantly by more than " + points(options.class_max_drop) +
                 ": " + list_some(failed) + ".";
  } else if (tested == 0) {
    const std::string needed = std::to_string(options.class_min_support);
    check.result = Result::unknown;
    check.text = "No old class has the " + needed + " held-out images that are needed to test it.";
    missing.push_back("At least " + needed + " held-out images of one old class.");
  } else {
    check.text = "The recall of no old class dropped significantly by more than " +
                 points(options.class_max_drop) + "; " + worst_text + ".";
  }
  if (!thin.empty() && tested > 0)
    check.text += " Too few images to test: " + list_some(thin) + ".";
  return check;
}

GateCheck check_new_classes(const Comparison& c, const GateEvidence& e, const GateOptions& options,
                            Missing& missing) {
  GateCheck check{"new_classes", Result::passed, "There are no new classes.", {}};
  std::vector<std::string> thin;
  int count = 0;
  PairedCounts together;
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    const PairedCounts& counts = e.per_class[i];
    if (e.known[i]) continue;
    ++count;
    together += counts;
    if (counts.count < options.new_class_min_support) {
      thin.push_back(c.classes[i] + " (" + std::to_string(counts.count) + ")");
    }
  }
  const double recall = together.accuracy_after(), needed = options.new_class_min_recall;
  const Interval interval = wilson_interval(together.after, together.count);
  check.numbers = {{"classes", count},
                   {"images", static_cast<double>(together.count)},
                   {"recall", recall},
                   {"recall_low", interval.low},
                   {"recall_high", interval.high},
                   {"needed_recall", needed},
                   {"min_support", options.new_class_min_support}};
  if (count == 0) return check;
  if (!thin.empty()) {
    check.result = Result::unknown;
    check.text = "Too few held-out images of new classes to test them: " + list_some(thin) + ".";
    missing.push_back("At least " + std::to_string(options.new_class_min_support) +
                      " held-out images of each new class; too few of " + list_some(thin) + ".");
    return check;
  }
  const std::string required = "the " + format_percent(needed) + " required";
  check.text = "Of the held-out images of the " +
               (count == 1 ? "new class" : std::to_string(count) + " new classes") + ", " +
               rate_text(together.after, together.count, recall, interval) + " are recognised: ";
  if (interval.low >= needed) {
    check.text += "at least " + required + ".";
  } else if (interval.high < needed) {
    check.result = Result::failed;
    check.text += "less than " + required + ".";
  } else {
    check.result = Result::unknown;
    check.text += "too few images to be sure of " + required + ".";
    missing.push_back("More held-out images of the new classes: with " +
                      std::to_string(together.count) + ", their recall may be below " +
                      format_percent(needed) + ".");
  }
  return check;
}

GateCheck check_calibration(const GateEvidence& e, const GateOptions& options) {
  GateCheck check{"calibration", Result::passed, "", {}};
  const double before = e.champion.ece, after = e.challenger.ece, rise = after - before;
  const Interval range =
      difference_interval(before, e.champion.interval, after, e.challenger.interval);
  check.numbers = {{"images", static_cast<double>(e.old_images.count)},
                   {"before", before},
                   {"after", after},
                   {"after_low", e.challenger.interval.low},
                   {"after_high", e.challenger.interval.high},
                   {"change_low", range.low},
                   {"change_high", range.high},
                   {"allowed_rise", options.max_ece_rise}};
  if (e.old_images.count < options.min_old_images) {
    check.result = Result::unknown;
    check.text = "There are too few old images to measure the calibration.";
    return check;
  }
  const bool failed = rise > options.max_ece_rise && range.low > 0;
  check.result = failed ? Result::failed : Result::passed;
  check.text = "The calibration error went from " + format_percent(before) + " to " +
               format_percent(after) + " (" + std::to_string(e.old_images.count) + " images; " +
               change_text(range, 0.05) + "); ";
  if (failed) {
    check.text += "it must not rise by more than " + points(options.max_ece_rise) + ".";
  } else if (rise > options.max_ece_rise) {
    check.text += "the rise may be chance.";
  } else {
    check.text += "a rise of up to " + points(options.max_ece_rise) + " is allowed.";
  }
  return check;
}

}  // namespace fovea
