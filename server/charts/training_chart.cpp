#include <algorithm>
#include <cmath>
#include <optional>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

Line line_of(const std::vector<TrainedEpoch>& epochs, const char* name,
             double TrainedEpoch::*value) {
  Line line{name, {}, false, false};
  for (const TrainedEpoch& epoch : epochs) {
    if (std::isfinite(epoch.*value)) line.points.push_back({epoch.epoch, epoch.*value});
  }
  return line;
}

Lines panel_of(const char* y, Unit unit, const Line& training, const Line& validation) {
  Lines lines{{"epoch", Unit::count, 0, 0}, {y, unit, 0, 0}, {}};
  for (const Line& line : {training, validation}) {
    if (!line.points.empty()) lines.lines.push_back(line);
  }
  lines.dots = std::max(training.points.size(), validation.points.size()) <= 40;
  return lines;
}

std::string epoch_text(double epoch) {
  return "epoch " + fixed(epoch, 0);
}

// From where to where, and which epoch was best.
std::string progress(const Line& accuracy, const std::string& whose) {
  const CurvePoint first = accuracy.points.front(), last = accuracy.points.back();
  const CurvePoint best =
      *std::max_element(accuracy.points.begin(), accuracy.points.end(),
                        [](const CurvePoint& a, const CurvePoint& b) { return a.y < b.y; });
  if (accuracy.points.size() == 1) {
    return whose + " accuracy was " + percent(first.y) + " in the only epoch.";
  }
  std::string text = whose + " accuracy went from " + percent(first.y) + " in " +
                     epoch_text(first.x) + " to " + percent(last.y) + " in " + epoch_text(last.x);
  if (best.x == last.x) return text + ", the best.";
  return text + "; the best was " + percent(best.y) + " in " + epoch_text(best.x) + ".";
}

std::string points(double difference) {
  return fixed(100 * difference, 1) + " points";
}

// Whether it learns by heart.
std::string gap(const Line& training, const Line& validation) {
  const double difference = training.points.back().y - validation.points.back().y;
  if (difference > 0.05) {
    return " At the end it is " + points(difference) +
           " better on the images it trains on: it begins to learn them by heart.";
  }
  if (difference < -0.02) {
    return " It ends " + points(-difference) +
           " worse on the training images, which augmentation makes harder: it has not learnt "
           "them by heart.";
  }
  return " Training and validation end " + points(std::abs(difference)) +
         " apart: no sign of learning by heart.";
}

std::string turning_point(const Line& loss) {
  if (loss.points.size() < 4) return {};
  const auto best =
      std::min_element(loss.points.begin(), loss.points.end(),
                       [](const CurvePoint& a, const CurvePoint& b) { return a.y < b.y; });
  const CurvePoint last = loss.points.back();
  if (best->x == last.x || last.y < 1.05 * best->y) return {};
  return " The validation loss was lowest in " + epoch_text(best->x) + " (" + fixed(best->y, 3) +
         ") and has risen to " + fixed(last.y, 3) + " since.";
}

}  // namespace

Insight training_curves(const std::vector<TrainedEpoch>& epochs) {
  const Line loss = line_of(epochs, "training", &TrainedEpoch::train_loss);
  const Line val_loss = line_of(epochs, "validation", &TrainedEpoch::val_loss);
  const Line accuracy = line_of(epochs, "training", &TrainedEpoch::train_accuracy);
  const Line val_accuracy = line_of(epochs, "validation", &TrainedEpoch::val_accuracy);
  Insight insight;
  if (!loss.points.empty() || !val_loss.points.empty()) {
    insight.chart.panels.emplace_back(panel_of("loss", Unit::number, loss, val_loss));
  }
  if (!accuracy.points.empty() || !val_accuracy.points.empty()) {
    insight.chart.panels.emplace_back(panel_of("accuracy", Unit::share, accuracy, val_accuracy));
  }
  insight.chart.side_by_side = true;
  if (insight.chart.panels.empty()) {
    insight.sentence = "The run recorded no epochs.";
  } else if (!val_accuracy.points.empty()) {
    insight.sentence = progress(val_accuracy, "Validation");
    if (!accuracy.points.empty() && accuracy.points.size() > 1) {
      insight.sentence += gap(accuracy, val_accuracy);
    }
    insight.sentence += turning_point(val_loss);
  } else if (!accuracy.points.empty()) {
    insight.sentence = progress(accuracy, "Training");
    insight.caveat = "Without validation images these curves cannot show learning by heart.";
  } else {
    const Line& known = val_loss.points.empty() ? loss : val_loss;
    insight.sentence = "The loss went from " + fixed(known.points.front().y, 3) + " to " +
                       fixed(known.points.back().y, 3) + " in " +
                       counted(std::int64_t(known.points.size()), "epoch") + ".";
  }
  return insight;
}

}  // namespace fovea::server
