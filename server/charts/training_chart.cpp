#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <optional>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

Curve curve_of(const std::vector<TrainedEpoch>& epochs, const char* name,
               double TrainedEpoch::*value) {
  Curve curve{name, {}, false, false};
  for (const TrainedEpoch& epoch : epochs) {
    if (std::isfinite(epoch.*value)) curve.points.push_back({epoch.epoch, epoch.*value});
  }
  return curve;
}

Curves panel_of(const char* y, Unit unit, const Curve& training, const Curve& validation) {
  Curves panel{{"epoch", Unit::count, 0, 0}, {y, unit, 0, 0}, {}};
  for (const Curve& curve : {training, validation}) {
    if (!curve.points.empty()) panel.curves.push_back(curve);
  }
  panel.dots = std::max(training.points.size(), validation.points.size()) <= 40;
  return panel;
}

std::string epoch_text(double epoch) {
  return "epoch " + fixed(epoch, 0);
}

// The first, the last and the best epoch. `split`: "training" or "validation".
std::string progress(const Curve& accuracy, const std::string& split) {
  const CurvePoint first = accuracy.points.front(), last = accuracy.points.back();
  const CurvePoint best =
      *std::max_element(accuracy.points.begin(), accuracy.points.end(),
                        [](const CurvePoint& a, const CurvePoint& b) { return a.y < b.y; });
  if (accuracy.points.size() == 1) {
    return fmt::format("The {} accuracy is {} in the only epoch.", split, percent(first.y));
  }
  std::string text =
      fmt::format("The {} accuracy is {} in {} and {} in {}", split, percent(first.y),
                  epoch_text(first.x), percent(last.y), epoch_text(last.x));
  if (best.x == last.x) return text + ", the best.";
  return text + fmt::format("; the best is {} in {}.", percent(best.y), epoch_text(best.x));
}

std::string points(double difference) {
  return fixed(100 * difference, 1) + " percentage points";
}

// Compares the final accuracies to detect overfitting.
std::string overfitting(const Curve& training, const Curve& validation) {
  const double difference = training.points.back().y - validation.points.back().y;
  if (difference > 0.05) {
    return fmt::format(" The final training accuracy is {} higher, a sign of overfitting.",
                       points(difference));
  }
  if (difference < -0.02) {
    return fmt::format(
        " The final training accuracy is {} lower, because augmentation makes the "
        "training images harder: no sign of overfitting.",
        points(-difference));
  }
  return fmt::format(" The final training accuracy differs by {}: no sign of overfitting.",
                     points(std::abs(difference)));
}

// Where the validation loss started to rise.
std::string turning_point(const Curve& loss) {
  if (loss.points.size() < 4) return {};
  const auto best =
      std::min_element(loss.points.begin(), loss.points.end(),
                       [](const CurvePoint& a, const CurvePoint& b) { return a.y < b.y; });
  const CurvePoint last = loss.points.back();
  if (best->x == last.x || last.y < 1.05 * best->y) return {};
  return fmt::format(" The validation loss is lowest in {} ({}) and rises to {} afterwards.",
                     epoch_text(best->x), fixed(best->y, 3), fixed(last.y, 3));
}

}  // namespace

Insight training_curves(const std::vector<TrainedEpoch>& epochs) {
  const Curve loss = curve_of(epochs, "training", &TrainedEpoch::train_loss);
  const Curve val_loss = curve_of(epochs, "validation", &TrainedEpoch::val_loss);
  const Curve accuracy = curve_of(epochs, "training", &TrainedEpoch::train_accuracy);
  const Curve val_accuracy = curve_of(epochs, "validation", &TrainedEpoch::val_accuracy);
  Insight insight;
  if (!loss.points.empty() || !val_loss.points.empty()) {
    insight.chart.panels.emplace_back(panel_of("loss", Unit::number, loss, val_loss));
  }
  if (!accuracy.points.empty() || !val_accuracy.points.empty()) {
    insight.chart.panels.emplace_back(panel_of("accuracy", Unit::fraction, accuracy, val_accuracy));
  }
  insight.chart.side_by_side = true;
  if (insight.chart.panels.empty()) {
    insight.sentence = "No epochs were recorded.";
  } else if (!val_accuracy.points.empty()) {
    insight.sentence = progress(val_accuracy, "validation");
    if (!accuracy.points.empty() && accuracy.points.size() > 1) {
      insight.sentence += overfitting(accuracy, val_accuracy);
    }
    insight.sentence += turning_point(val_loss);
  } else if (!accuracy.points.empty()) {
    insight.sentence = progress(accuracy, "training");
    insight.caveat = "Without validation images, overfitting cannot be detected.";
  } else {
    const Curve& curve = val_loss.points.empty() ? loss : val_loss;
    insight.sentence = fmt::format(
        "The loss went from {} to {} in {}.", fixed(curve.points.front().y, 3),
        fixed(curve.points.back().y, 3), counted(std::int64_t(curve.points.size()), "epoch"));
  }
  return insight;
}

}  // namespace fovea::server
