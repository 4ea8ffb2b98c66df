#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <numeric>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::size_t kMaxPairs = 12;  // bars

using Counts = std::vector<std::vector<std::int64_t>>;

struct Confusion {
  std::size_t truth = 0, prediction = 0;  // classes
  std::int64_t count = 0;
};

std::int64_t sum(const std::vector<std::int64_t>& row) {
  return std::accumulate(row.begin(), row.end(), std::int64_t{0});
}

Confusion most_frequent(const Counts& counts) {
  Confusion most;
  for (std::size_t truth = 0; truth < counts.size(); ++truth) {
    for (std::size_t prediction = 0; prediction < counts.size(); ++prediction) {
      if (truth != prediction && counts[truth][prediction] > most.count) {
        most = {truth, prediction, counts[truth][prediction]};
      }
    }
  }
  return most;
}

// The pair of classes with the largest difference between both directions of confusion.
Confusion most_one_sided(const Counts& counts) {
  Confusion found;
  std::int64_t largest = 0;
  for (std::size_t a = 0; a < counts.size(); ++a) {
    for (std::size_t b = 0; b < counts.size(); ++b) {
      const std::int64_t difference = counts[a][b] - counts[b][a];
      if (difference > largest && counts[a][b] >= 2 * counts[b][a]) {
        largest = difference;
        found = {a, b, counts[a][b]};
      }
    }
  }
  return found;
}

// "never occurs", "occurs once", "occurs 4 times"
std::string occurs(std::int64_t n) {
  if (n == 0) return "never occurs";
  return "occurs " + (n == 1 ? "once" : n == 2 ? "twice" : counted(n) + " times");
}

// The classes with the highest and the lowest recall.
std::string recall_extremes(const EvaluationReport& report) {
  const auto& per_class = report.metrics.per_class;
  std::size_t best = per_class.size(), worst = best;
  for (std::size_t c = 0; c < per_class.size(); ++c) {
    if (per_class[c].support == 0) continue;
    if (best == per_class.size() || per_class[c].recall > per_class[best].recall) best = c;
    if (worst == per_class.size() || per_class[c].recall < per_class[worst].recall) worst = c;
  }
  if (best == worst) return {};
  const auto recall = [&](std::size_t c) {
    const ClassMetrics& metrics = per_class[c];
    return fmt::format("{} ({} of {}, 95 % interval {})", named(report.classes[c]),
                       percent(metrics.recall), counted(metrics.support, "image"),
                       range_text(metrics.recall_interval));
  };
  return fmt::format(" Recall is highest for {} and lowest for {}.", recall(best), recall(worst));
}

std::string mistake_text(const EvaluationReport& report, std::size_t truth,
                         std::size_t prediction) {
  return named(report.classes[truth]) + " classified as " + named(report.classes[prediction]);
}

using Pair = std::pair<std::size_t, std::size_t>;  // true class, predicted class

// The most frequent first; equal ones in order of their classes.
std::vector<std::pair<Pair, std::int64_t>> pairs_of(const std::vector<ImageMistake>& mistakes) {
  std::map<Pair, std::int64_t> counts;
  for (const ImageMistake& mistake : mistakes) {
    ++counts[{std::size_t(mistake.truth), std::size_t(mistake.predicted)}];
  }
  std::vector<std::pair<Pair, std::int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

// The most frequent wrong prediction, if it makes up more than a third of the mistakes.
std::string most_predicted(const EvaluationReport& report) {
  std::vector<std::int64_t> counts(report.classes.size());
  for (const ImageMistake& mistake : report.mistakes) ++counts[std::size_t(mistake.predicted)];
  const auto most = std::max_element(counts.begin(), counts.end());
  if (3 * *most < std::int64_t(report.mistakes.size()) || report.mistakes.size() < 5) return {};
  return fmt::format(" {} of them were classified as {}.", counted(*most),
                     named(report.classes[std::size_t(most - counts.begin())]));
}

std::int64_t wrong_predictions(const Metrics& m) {
  std::int64_t correct = 0;
  for (std::size_t c = 0; c < m.confusion.size(); ++c) correct += m.confusion[c][c];
  return m.count - correct;
}

// The most confident mistake and the most frequent kinds. REQUIRES: at least one mistake.
std::string mistakes_text(const EvaluationReport& report) {
  const ImageMistake& worst = report.mistakes[0];
  std::string text =
      fmt::format("The most confident mistake is {} ({}).",
                  mistake_text(report, std::size_t(worst.truth), std::size_t(worst.predicted)),
                  percent(worst.probability));
  const auto pairs = pairs_of(report.mistakes);
  const auto& [pair, count] = pairs[0];
  const auto shown = std::int64_t(report.mistakes.size());
  if (count > 1) {
    text +=
        fmt::format(" The most frequent among the {} most confident mistakes is {} ({}).",
                    counted(shown), mistake_text(report, pair.first, pair.second), counted(count));
  } else if (shown > 1) {
    text += fmt::format(" No pair of classes occurs twice among the {} mistakes shown.",
                        counted(shown));
  }
  return text + most_predicted(report);
}

Bars pair_bars(const EvaluationReport& report) {
  Bars bars = empty_bars(
      "mistake",
      {"count among " + counted(std::int64_t(report.mistakes.size()), "mistake"), Unit::count},
      {"mistakes"});
  const auto pairs = pairs_of(report.mistakes);
  for (std::size_t i = 0; i < std::min(pairs.size(), kMaxPairs); ++i) {
    const auto& [pair, count] = pairs[i];
    bars.categories.push_back(report.classes[pair.first] + " as " + report.classes[pair.second]);
    bars.series[0].values.push_back(double(count));
  }
  return bars;
}

}  // namespace

Insight confusion_matrix(const EvaluationReport& report) {
  const Metrics& m = report.metrics;
  if (m.count == 0) return {{}, "The evaluation has no images.", {}};
  HeatMap map{"predicted class", "true class", report.classes, {}};
  for (const auto& row : m.confusion) map.values.emplace_back(row.begin(), row.end());
  const std::string interval = "95 % interval " + range_text(m.accuracy_interval);
  std::string text = fmt::format("{} of {} are classified correctly (the diagonal; {}).",
                                 percent(m.accuracy), counted(m.count, "image"), interval);
  const Confusion most = most_frequent(m.confusion);
  if (most.count == 0) {
    text = m.count == 1 ? "The only image is classified correctly."
                        : fmt::format("All {} are classified correctly ({}).",
                                      counted(m.count, "image"), interval);
  } else {
    const std::int64_t row = sum(m.confusion[most.truth]);
    text += fmt::format(" The most frequent mistake is {}: {} of {} ({}); the reverse {}.",
                        mistake_text(report, most.truth, most.prediction), counted(most.count),
                        counted(row, "image"), percent(double(most.count) / double(row)),
                        occurs(m.confusion[most.prediction][most.truth]));
    const Confusion uneven = most_one_sided(m.confusion);
    if (uneven.count >= 5 && (uneven.truth != most.truth || uneven.prediction != most.prediction)) {
      text +=
          fmt::format(" The most one-sided confusion is {}, which {}; the reverse {}.",
                      mistake_text(report, uneven.truth, uneven.prediction), occurs(uneven.count),
                      occurs(m.confusion[uneven.prediction][uneven.truth]));
    }
    text += recall_extremes(report);
  }
  return {{{std::move(map)}}, text, {}};
}

Insight worst_mistakes(const EvaluationReport& report) {
  const std::int64_t wrong = wrong_predictions(report.metrics);
  const auto shown = std::int64_t(report.mistakes.size());
  const std::int64_t count = report.metrics.count;
  if (wrong == 0) return {{}, "There are no mistakes among " + counted(count, "image") + ".", {}};
  const std::string count_text =
      fmt::format("{} of {} {} wrong.", counted(wrong), counted(count, "prediction"),
                  wrong == 1 ? "is" : "are");
  if (shown == 0) {
    return {{},
            count_text + " The images are not stored; the evaluation used their stored features.",
            {}};
  }
  ImageGroup group;
  for (const ImageMistake& mistake : report.mistakes) {
    group.images.push_back({mistake.image,
                            report.classes[std::size_t(mistake.truth)],
                            report.classes[std::size_t(mistake.predicted)],
                            mistake.probability,
                            {}});
  }
  Insight insight{{}, count_text + " " + mistakes_text(report), {}};
  if (shown < std::min<std::int64_t>(wrong, kMaxMistakes)) {
    insight.caveat = fmt::format(
        "Only {} can be shown: the images of the others are not stored, the evaluation used their "
        "stored features.",
        counted(shown, "mistake"));
  }
  insight.chart.panels = {ImageGrid{{std::move(group)}}, pair_bars(report)};
  insight.chart.alternatives = true;
  return insight;
}

}  // namespace fovea::server
