#include "engine/retrain/forgetting.h"

#include <algorithm>

#include "engine/core/text.h"

namespace fovea {
namespace {

void fill_change(ClassChange& change, const PairedCounts& counts) {
  change.support = counts.count;
  change.before = counts.accuracy_before();
  change.after = counts.accuracy_after();
  change.after_interval = wilson_interval(counts.after, counts.count);
  change.difference = change.after - change.before;
  change.interval = paired_change_interval(counts.lost, counts.won, counts.count);
  change.p = mcnemar_p(counts.lost, counts.won);
}

// " (95 % interval 76.4 % to 99.1 %)".
std::string interval_of(const PairedCounts& counts) {
  return " (" + interval_text(wilson_interval(counts.after, counts.count)) + ")";
}

std::string images(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " held-out image" : " held-out images");
}

void write_sentences(ForgettingReport& report) {
  const PairedCounts& old = report.old_classes;
  if (old.count > 0) {
    report.sentences.push_back("On " + images(old.count) +
                               " of the old classes the accuracy went from " +
                               format_percent(old.accuracy_before()) + " to " +
                               format_percent(old.accuracy_after()) + interval_of(old) + ".");
  } else {
    report.sentences.push_back(
        "Forgetting cannot be measured: there are no held-out images of old classes.");
  }
  const ClassChange* worst = nullptr;
  for (const ClassChange& change : report.classes) {
    const bool lost = !change.is_new && change.difference < 0;
    if (lost && (worst == nullptr || change.difference < worst->difference)) worst = &change;
  }
  if (worst != nullptr) {
    std::string text = "The largest loss is " + worst->name + ", from " +
                       format_percent(worst->before) + " to " + format_percent(worst->after);
    text += worst->interval.high < 0 ? "" : ", which may be chance";
    if (worst->confused > 0) text += "; it is now most often confused with " + worst->confused_with;
    report.sentences.push_back(text + ".");
  } else if (old.count > 0) {
    report.sentences.push_back("No old class is recognised less often than before.");
  }
  const PairedCounts& added = report.new_classes;
  if (added.count > 0) {
    report.sentences.push_back("Of " + images(added.count) + " of the new classes " +
                               format_percent(added.accuracy_after()) + interval_of(added) +
                               " are recognised.");
  }
}

}  // namespace

ForgettingReport report_forgetting(const Comparison& comparison) {
  const Predictions predictions = predicted_classes(comparison);
  const std::vector<bool> known = known_classes(comparison);
  const std::size_t classes = comparison.classes.size();
  std::vector<PairedCounts> counts(classes);
  std::vector<std::vector<std::int64_t>> wrong(classes, std::vector<std::int64_t>(classes));
  ForgettingReport report;
  for (std::size_t i = 0; i < comparison.labels.size(); ++i) {
    const int label = comparison.labels[i], predicted = predictions.challenger[i];
    const bool before = predictions.champion[i] == label, after = predicted == label;
    counts[label].add(before, after);
    (known[label] ? report.old_classes : report.new_classes).add(before, after);
    if (!after) ++wrong[label][predicted];
  }
  for (std::size_t c = 0; c < classes; ++c) {
    ClassChange change;
    change.name = comparison.classes[c];
    change.is_new = !known[c];
    fill_change(change, counts[c]);
    const auto most = std::max_element(wrong[c].begin(), wrong[c].end());
    change.confused = *most;
    if (change.confused > 0) {
      change.confused_with = comparison.classes[most - wrong[c].begin()];
    }
    report.classes.push_back(std::move(change));
  }
  write_sentences(report);
  return report;
}

}  // namespace fovea
