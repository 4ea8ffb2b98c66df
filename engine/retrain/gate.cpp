#include "engine/retrain/gate.h"

#include <algorithm>
#include <stdexcept>

#include "engine/eval/metrics.h"
#include "engine/retrain/gate_checks.h"

namespace fovea {
namespace {

using Result = GateCheck::Result;

// The expected calibration error on the images of known classes.
GateEvidence::Calibration calibration_of(const Tensor& probabilities,
                                         const std::vector<int>& predictions, const Comparison& c,
                                         const std::vector<bool>& known) {
  CalibrationBins bins;
  for (int i = 0; i < int_size(c.labels); ++i) {
    if (!known[c.labels[i]]) continue;
    const double confidence = probabilities.image(i)[probabilities.argmax(i)];
    bins.add(confidence, predictions[i] == c.labels[i]);
  }
  return {bins.ece(), ece_interval(bins.bins())};
}

GateEvidence gather(const Comparison& c) {
  const Predictions predictions = predicted_classes(c);
  GateEvidence evidence;
  evidence.known = known_classes(c);
  evidence.per_class.resize(c.classes.size());
  for (std::size_t i = 0; i < c.labels.size(); ++i) {
    const bool before = predictions.champion[i] == c.labels[i];
    const bool after = predictions.challenger[i] == c.labels[i];
    const int label = c.labels[i];
    evidence.per_class[label].add(before, after);
    if (evidence.known[label]) evidence.old_images.add(before, after);
  }
  evidence.champion = calibration_of(c.champion, predictions.champion, c, evidence.known);
  evidence.challenger = calibration_of(c.challenger, predictions.challenger, c, evidence.known);
  return evidence;
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
  const GateEvidence evidence = gather(comparison);
  GateVerdict verdict;
  verdict.checks = {check_coverage(comparison, evidence, options, verdict.missing),
                    check_old_accuracy(evidence, options, verdict.missing),
                    check_class_recall(comparison, evidence, options, verdict.missing),
                    check_new_classes(comparison, evidence, options, verdict.missing),
                    check_calibration(evidence, options)};
  const auto first = [&](Result result) {
    return std::find_if(verdict.checks.begin(), verdict.checks.end(),
                        [&](const GateCheck& check) { return check.result == result; });
  };
  if (const auto failed = first(Result::failed); failed != verdict.checks.end()) {
    verdict.decision = Decision::reject;
    verdict.text = "Rejected. " + failed->text;
  } else if (const auto unknown = first(Result::unknown);
             unknown != verdict.checks.end() && options.promote_unless_worse) {
    verdict.decision = Decision::promote;
    verdict.text =
        "Accepted: no check failed. There are too few images to be sure: " + unknown->text;
  } else if (unknown != verdict.checks.end()) {
    verdict.decision = Decision::undecided;
    verdict.text = "Undecided. " + unknown->text;
  } else {
    verdict.decision = Decision::promote;
    verdict.text = "Accepted: all checks passed.";
  }
  return verdict;
}

}  // namespace fovea
