#include "engine/retrain/gate.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "engine/core/text.h"
#include "engine/eval/metrics.h"

namespace fovea {
namespace {

using Outcome = Rule::Outcome;

std::string points(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f points", 100 * share);
  return text;
}

std::string p_text(double p) {
  char text[32];
  std::snprintf(text, sizeof text, p < 0.001 ? "p < 0.001" : "p = %.3f", p);
  return text;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  if (names.size() <= kShown) return join(names);
  return join({names.begin(), names.begin() + kShown}) + " and " +
         std::to_string(names.size() - kShown) + " more";
}

// Everything the rules look at.
struct Evidence {
  std::vector<bool> known;              // {classes}
  std::vector<PairedCounts> per_class;  // {classes}
  PairedCounts old_images;              // of known classes
  double champion_ece = 0, challenger_ece = 0;
};

// Over the images of known classes.
double ece_of(const Tensor& probabilities, const std::vector<int>& answers, const Comparison& c,
              const std::vector<bool>& known) {
  CalibrationBins bins;
  for (std::size_t i = 0; i < c.labels.size(); ++i) {
    if (!known[static_cast<std::size_t>(c.labels[i])]) continue;
    const Scalar* p = probabilities.image(static_cast<int>(i));
    bins.add(*std::max_element(p, p + probabilities.shape().c), answers[i] == c.labels[i]);
  }
  return bins.ece();
}

Evidence gather(const Comparison& c) {
  const Answers answers = read_answers(c);
  Evidence evidence;
  evidence.known = known_classes(c);
  evidence.per_class.resize(c.classes.size());
  for (std::size_t i = 0; i < c.labels.size(); ++i) {
    const bool before = answers.champion[i] == c.labels[i];
    const bool after = answers.challenger[i] == c.labels[i];
    const auto label = static_cast<std::size_t>(c.labels[i]);
    evidence.per_class[label].add(before, after);
    if (evidence.known[label]) evidence.old_images.add(before, after);
  }
  evidence.champion_ece = ece_of(c.champion, answers.champion, c, evidence.known);
  evidence.challenger_ece = ece_of(c.challenger, answers.challenger, c, evidence.known);
  return evidence;
}

Rule judge_coverage(const Comparison& c, const Evidence& e, const GateOptions& options,
                    std::vector<std::string>& missing) {
  Rule rule{"coverage", Outcome::passed, "", {}};
  std::vector<std::string> empty;
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    if (e.known[i] && e.per_class[i].count == 0) empty.push_back(c.classes[i]);
  }
  for (const std::string& name : c.champion_classes) {
    const bool there = std::find(c.classes.begin(), c.classes.end(), name) != c.classes.end();
    if (!there) empty.push_back(name);
  }
  const std::int64_t count = e.old_images.count;
  rule.text = std::to_string(count) + " held-out images of the classes the champion knows";
  if (count < options.min_old_images) {
    rule.outcome = Outcome::unknown;
    missing.push_back("At least " + std::to_string(options.min_old_images) +
                      " held-out images of the classes the champion knows; there are " +
                      std::to_string(count) + ".");
    rule.text += ", fewer than the " + std::to_string(options.min_old_images) + " needed";
  }
  if (!empty.empty()) {
    rule.outcome = Outcome::unknown;
    missing.push_back("Held-out images of " + listed(empty) + ".");
    rule.text += "; none of " + listed(empty);
  }
  rule.text += ".";
  rule.numbers = {{"images", static_cast<double>(count)},
                  {"needed", options.min_old_images},
                  {"classes_without_images", static_cast<double>(empty.size())}};
  return rule;
}

Rule judge_accuracy(const Evidence& e, const GateOptions& options) {
  const PairedCounts& old = e.old_images;
  Rule rule{"old_accuracy", Outcome::passed, "", {}};
  const double before = old.accuracy_before(), after = old.accuracy_after();
  const double p = mcnemar_p(old.lost, old.won);
  rule.numbers = {{"before", before},
                  {"after", after},
                  {"lost", static_cast<double>(old.lost)},
                  {"won", static_cast<double>(old.won)},
                  {"p", p},
                  {"alpha", options.alpha},
                  {"allowed_drop", options.min_absolute_change}};
  if (old.count < options.min_old_images) {
    rule.outcome = Outcome::unknown;
    rule.text =
        "There are too few old images (" + std::to_string(old.count) + ") to compare the accuracy.";
    return rule;
  }
  const double drop = before - after;
  const bool failed = p < options.alpha && drop > options.min_absolute_change;
  rule.outcome = failed ? Outcome::failed : Outcome::passed;
  rule.text = "Accuracy on the old classes went from " + percent(before) + " to " + percent(after) +
              " (" + std::to_string(old.lost) + " images lost, " + std::to_string(old.won) +
              " won, " + p_text(p) + "): ";
  if (failed) {
    rule.text +=
        "a drop beyond chance and beyond the " + points(options.min_absolute_change) + " allowed.";
  } else if (drop <= 0) {
    rule.text += "no drop.";
  } else if (drop <= options.min_absolute_change) {
    rule.text += "within the " + points(options.min_absolute_change) + " allowed.";
  } else {
    rule.text += "the drop may be chance.";
  }
  return rule;
}

Rule judge_classes(const Comparison& c, const Evidence& e, const GateOptions& options) {
  Rule rule{"class_recall", Outcome::passed, "", {}};
  std::vector<std::string> failed, thin;
  double judged = 0, worst = 0;
  std::string worst_text = "no class dropped";
  PairedCounts together;  // the classes of few images
  const auto judge_one = [&](const std::string& name, const PairedCounts& mine) {
    ++judged;
    const double before = mine.accuracy_before(), after = mine.accuracy_after();
    const double p = mcnemar_p(mine.lost, mine.won);
    const std::string change =
        name + " from " + percent(before) + " to " + percent(after) + " (" + p_text(p) + ")";
    if (before - after > worst) {
      worst = before - after;
      worst_text = "the largest drop is " + change;
    }
    if (before - after > options.class_max_drop && p < options.class_alpha)
      failed.push_back(change);
  };
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    const PairedCounts& mine = e.per_class[i];
    if (!e.known[i] || mine.count == 0) continue;
    if (mine.count < options.class_min_support) {
      thin.push_back(c.classes[i]);
      together += mine;
    } else {
      judge_one(c.classes[i], mine);
    }
  }
  if (judged > 0 && thin.size() > 1 && together.count >= options.class_min_support) {
    judge_one(listed(thin) + " together", together);
    thin.clear();
  }
  rule.numbers = {{"judged", judged},
                  {"too_few_images", static_cast<double>(thin.size())},
                  {"failed", static_cast<double>(failed.size())},
                  {"largest_drop", worst},
                  {"allowed_drop", options.class_max_drop},
                  {"alpha", options.class_alpha},
                  {"min_support", options.class_min_support}};
  if (!failed.empty()) {
    rule.outcome = Outcome::failed;
    rule.text = "Recall dropped by more than " + points(options.class_max_drop) +
                " beyond chance: " + listed(failed) + ".";
  } else if (judged == 0) {
    rule.outcome = Outcome::unknown;
    rule.text = "No old class has the " + std::to_string(options.class_min_support) +
                " held-out images needed to judge it alone.";
  } else {
    rule.text = "No old class lost more than " + points(options.class_max_drop) +
                " of recall beyond chance; " + worst_text + ".";
  }
  if (!thin.empty() && judged > 0) rule.text += " Too few images to judge: " + listed(thin) + ".";
  return rule;
}

Rule judge_new(const Comparison& c, const Evidence& e, const GateOptions& options,
               std::vector<std::string>& missing) {
  Rule rule{"new_classes", Outcome::passed, "There are no new classes.", {}};
  std::vector<std::string> thin;
  double recalls = 0, count = 0, images = 0;
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    const PairedCounts& mine = e.per_class[i];
    if (e.known[i]) continue;
    ++count;
    images += static_cast<double>(mine.count);
    recalls += mine.accuracy_after();
    if (mine.count < options.new_class_min_support) {
      thin.push_back(c.classes[i] + " (" + std::to_string(mine.count) + ")");
    }
  }
  const double mean = count > 0 ? recalls / count : 0;
  rule.numbers = {{"classes", count},
                  {"images", images},
                  {"recall", mean},
                  {"needed_recall", options.new_class_min_recall},
                  {"min_support", options.new_class_min_support}};
  if (count == 0) return rule;
  const std::string number = std::to_string(static_cast<int>(count));
  if (!thin.empty()) {
    rule.outcome = Outcome::unknown;
    rule.text = "Too few held-out images of new classes to judge them: " + listed(thin) + ".";
    missing.push_back("At least " + std::to_string(options.new_class_min_support) +
                      " held-out images of each new class; too few of " + listed(thin) + ".");
    return rule;
  }
  const bool failed = mean < options.new_class_min_recall;
  rule.outcome = failed ? Outcome::failed : Outcome::passed;
  rule.text = "The " + number + (count == 1 ? " new class is" : " new classes are") +
              " recognised in " + percent(mean) + " of the cases, " +
              (failed ? "less than the " : "at least the ") +
              percent(options.new_class_min_recall) + " asked for.";
  return rule;
}

Rule judge_calibration(const Evidence& e, const GateOptions& options) {
  Rule rule{"calibration", Outcome::passed, "", {}};
  const double rise = e.challenger_ece - e.champion_ece;
  rule.numbers = {{"before", e.champion_ece},
                  {"after", e.challenger_ece},
                  {"allowed_rise", options.max_ece_rise}};
  if (e.old_images.count < options.min_old_images) {
    rule.outcome = Outcome::unknown;
    rule.text = "There are too few old images to measure the calibration.";
    return rule;
  }
  const bool failed = rise > options.max_ece_rise;
  rule.outcome = failed ? Outcome::failed : Outcome::passed;
  rule.text = "The calibration error went from " + percent(e.champion_ece) + " to " +
              percent(e.challenger_ece) + "; " +
              (failed ? "it may not rise by more than " : "a rise of up to ") +
              points(options.max_ece_rise) + (failed ? "." : " is allowed.");
  return rule;
}

}  // namespace

std::string to_string(Decision decision) {
  switch (decision) {
    case Decision::promote:
      return "promote";
    case Decision::reject:
      return "reject";
    case Decision::cannot_judge:
      return "cannot_judge";
  }
  throw std::logic_error("decision " + std::to_string(static_cast<int>(decision)) +
                         " does not exist");
}

GateVerdict judge(const Comparison& comparison, const GateOptions& options) {
  const Evidence evidence = gather(comparison);
  GateVerdict verdict;
  verdict.rules = {judge_coverage(comparison, evidence, options, verdict.missing),
                   judge_accuracy(evidence, options), judge_classes(comparison, evidence, options),
                   judge_new(comparison, evidence, options, verdict.missing),
                   judge_calibration(evidence, options)};
  const auto first = [&](Outcome outcome) {
    return std::find_if(verdict.rules.begin(), verdict.rules.end(),
                        [&](const Rule& rule) { return rule.outcome == outcome; });
  };
  if (const auto failed = first(Outcome::failed); failed != verdict.rules.end()) {
    verdict.decision = Decision::reject;
    verdict.text = "Rejected. " + failed->text;
  } else if (const auto open = first(Outcome::unknown); open != verdict.rules.end()) {
    verdict.decision = Decision::cannot_judge;
    verdict.text = "Cannot be judged. " + open->text;
    if (verdict.missing.empty()) {
      verdict.missing.push_back("At least " + std::to_string(options.class_min_support) +
                                " held-out images of one old class.");
    }
  } else {
    verdict.decision = Decision::promote;
    verdict.text = "Accepted: all rules passed.";
  }
  return verdict;
}

}  // namespace fovea
