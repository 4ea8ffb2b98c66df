#include "engine/retrain/gate.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "engine/core/text.h"
#include "engine/eval/metrics.h"

namespace fovea {
namespace {

using Result = GateCheck::Result;

// A difference of fractions in percentage points.
std::string points(double difference) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f points", 100 * difference);
  return text;
}

std::string p_text(double p) {
  char text[32];
  std::snprintf(text, sizeof text, p < 0.001 ? "p < 0.001" : "p = %.3f", p);
  return text;
}

// "a, b, c, d, e and 3 more".
std::string list_some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  if (names.size() <= kShown) return join(names);
  return join({names.begin(), names.begin() + kShown}) + " and " +
         std::to_string(names.size() - kShown) + " more";
}

// The input of the checks.
struct Evidence {
  std::vector<bool> known;              // {classes}
  std::vector<PairedCounts> per_class;  // {classes}
  PairedCounts old_images;              // of the classes that the champion knows
  double champion_ece = 0, challenger_ece = 0;
};

// The expected calibration error on the images of known classes.
double ece_of(const Tensor& probabilities, const std::vector<int>& predictions, const Comparison& c,
              const std::vector<bool>& known) {
  CalibrationBins bins;
  for (int i = 0; i < int_size(c.labels); ++i) {
    if (!known[c.labels[i]]) continue;
    const double confidence = probabilities.image(i)[probabilities.argmax(i)];
    bins.add(confidence, predictions[i] == c.labels[i]);
  }
  return bins.ece();
}

Evidence gather(const Comparison& c) {
  const Predictions predictions = predicted_classes(c);
  Evidence evidence;
  evidence.known = known_classes(c);
  evidence.per_class.resize(c.classes.size());
  for (std::size_t i = 0; i < c.labels.size(); ++i) {
    const bool before = predictions.champion[i] == c.labels[i];
    const bool after = predictions.challenger[i] == c.labels[i];
    const int label = c.labels[i];
    evidence.per_class[label].add(before, after);
    if (evidence.known[label]) evidence.old_images.add(before, after);
  }
  evidence.champion_ece = ece_of(c.champion, predictions.champion, c, evidence.known);
  evidence.challenger_ece = ece_of(c.challenger, predictions.challenger, c, evidence.known);
  return evidence;
}

GateCheck check_coverage(const Comparison& c, const Evidence& e, const GateOptions& options,
                         std::vector<std::string>& missing) {
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

GateCheck check_accuracy(const Evidence& e, const GateOptions& options) {
  const PairedCounts& old = e.old_images;
  GateCheck check{"old_accuracy", Result::passed, "", {}};
  const double before = old.accuracy_before(), after = old.accuracy_after();
  const double p = mcnemar_p(old.lost, old.won);
  check.numbers = {{"before", before},
                   {"after", after},
                   {"lost", static_cast<double>(old.lost)},
                   {"won", static_cast<double>(old.won)},
                   {"p", p},
                   {"alpha", options.alpha},
                   {"allowed_drop", options.min_absolute_change}};
  if (old.count < options.min_old_images) {
    check.result = Result::unknown;
    check.text =
        "There are too few old images (" + std::to_string(old.count) + ") to compare the accuracy.";
    return check;
  }
  const double drop = before - after;
  const bool failed = p < options.alpha && drop > options.min_absolute_change;
  check.result = failed ? Result::failed : Result::passed;
  check.text = "Accuracy on the old classes went from " + format_percent(before) + " to " +
               format_percent(after) + " (" + std::to_string(old.lost) + " images lost, " +
               std::to_string(old.won) + " won, " + p_text(p) + "): ";
  if (failed) {
    check.text +=
        "a significant drop of more than the allowed " + points(options.min_absolute_change) + ".";
  } else if (drop <= 0) {
    check.text += "no drop.";
  } else if (drop <= options.min_absolute_change) {
    check.text += "within the allowed " + points(options.min_absolute_change) + ".";
  } else {
    check.text += "the drop may be chance.";
  }
  return check;
}

GateCheck check_classes(const Comparison& c, const Evidence& e, const GateOptions& options) {
  GateCheck check{"class_recall", Result::passed, "", {}};
  std::vector<std::string> failed, thin;
  double tested = 0, worst = 0;
  std::string worst_text = "no class dropped";
  PairedCounts together;  // of the classes with few images
  const auto test = [&](const std::string& name, const PairedCounts& counts) {
    ++tested;
    const double before = counts.accuracy_before(), after = counts.accuracy_after();
    const double p = mcnemar_p(counts.lost, counts.won);
    const std::string change = name + " from " + format_percent(before) + " to " +
                               format_percent(after) + " (" + p_text(p) + ")";
    if (before - after > worst) {
      worst = before - after;
      worst_text = "the largest drop is " + change;
    }
    if (before - after > options.class_max_drop && p < options.class_alpha)
      failed.push_back(change);
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
    check.result = Result::unknown;
    check.text = "No old class has the " + std::to_string(options.class_min_support) +
                 " held-out images that are needed to test it.";
  } else {
    check.text = "The recall of no old class dropped significantly by more than " +
                 points(options.class_max_drop) + "; " + worst_text + ".";
  }
  if (!thin.empty() && tested > 0)
    check.text += " Too few images to test: " + list_some(thin) + ".";
  return check;
}

GateCheck check_new_classes(const Comparison& c, const Evidence& e, const GateOptions& options,
                            std::vector<std::string>& missing) {
  GateCheck check{"new_classes", Result::passed, "There are no new classes.", {}};
  std::vector<std::string> thin;
  double recalls = 0, count = 0, images = 0;
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    const PairedCounts& counts = e.per_class[i];
    if (e.known[i]) continue;
    ++count;
    images += static_cast<double>(counts.count);
    recalls += counts.accuracy_after();
    if (counts.count < options.new_class_min_support) {
      thin.push_back(c.classes[i] + " (" + std::to_string(counts.count) + ")");
    }
  }
  const double mean = count > 0 ? recalls / count : 0;
  check.numbers = {{"classes", count},
                   {"images", images},
                   {"recall", mean},
                   {"needed_recall", options.new_class_min_recall},
                   {"min_support", options.new_class_min_support}};
  if (count == 0) return check;
  const std::string number = std::to_string(static_cast<int>(count));
  if (!thin.empty()) {
    check.result = Result::unknown;
    check.text = "Too few held-out images of new classes to test them: " + list_some(thin) + ".";
    missing.push_back("At least " + std::to_string(options.new_class_min_support) +
                      " held-out images of each new class; too few of " + list_some(thin) + ".");
    return check;
  }
  const bool failed = mean < options.new_class_min_recall;
  check.result = failed ? Result::failed : Result::passed;
  check.text = "The " + number + (count == 1 ? " new class is" : " new classes are") +
               " recognised in " + format_percent(mean) + " of the cases, " +
               (failed ? "less than the " : "at least the ") +
               format_percent(options.new_class_min_recall) + " required.";
  return check;
}

GateCheck check_calibration(const Evidence& e, const GateOptions& options) {
  GateCheck check{"calibration", Result::passed, "", {}};
  const double rise = e.challenger_ece - e.champion_ece;
  check.numbers = {{"before", e.champion_ece},
                   {"after", e.challenger_ece},
                   {"allowed_rise", options.max_ece_rise}};
  if (e.old_images.count < options.min_old_images) {
    check.result = Result::unknown;
    check.text = "There are too few old images to measure the calibration.";
    return check;
  }
  const bool failed = rise > options.max_ece_rise;
  check.result = failed ? Result::failed : Result::passed;
  check.text = "The calibration error went from " + format_percent(e.champion_ece) + " to " +
               format_percent(e.challenger_ece) + "; " +
               (failed ? "it must not rise by more than " : "a rise of up to ") +
               points(options.max_ece_rise) + (failed ? "." : " is allowed.");
  return check;
}

}  // namespace

std::string to_string(Decision decision) {
  switch (decision) {
    case Decision::promote:
      return "promote";
    case Decision::reject:
      return "reject";
    case Decision::undecided:
      return "cannot_judge";
  }
  throw std::logic_error("decision " + std::to_string(static_cast<int>(decision)) +
                         " does not exist");
}

GateVerdict run_gate(const Comparison& comparison, const GateOptions& options) {
  const Evidence evidence = gather(comparison);
  GateVerdict verdict;
  verdict.checks = {check_coverage(comparison, evidence, options, verdict.missing),
                    check_accuracy(evidence, options), check_classes(comparison, evidence, options),
                    check_new_classes(comparison, evidence, options, verdict.missing),
                    check_calibration(evidence, options)};
  const auto first = [&](Result result) {
    return std::find_if(verdict.checks.begin(), verdict.checks.end(),
                        [&](const GateCheck& check) { return check.result == result; });
  };
  if (const auto failed = first(Result::failed); failed != verdict.checks.end()) {
    verdict.decision = Decision::reject;
    verdict.text = "Rejected. " + failed->text;
  } else if (const auto unknown = first(Result::unknown); unknown != verdict.checks.end()) {
    verdict.decision = Decision::undecided;
    verdict.text = "Undecided. " + unknown->text;
    if (verdict.missing.empty()) {
      verdict.missing.push_back("At least " + std::to_string(options.class_min_support) +
                                " held-out images of one old class.");
    }
  } else {
    verdict.decision = Decision::promote;
    verdict.text = "Accepted: all checks passed.";
  }
  return verdict;
}

}  // namespace fovea
