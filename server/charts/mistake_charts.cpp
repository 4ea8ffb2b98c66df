#include <algorithm>
#include <map>
#include <numeric>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::size_t kMostPairs = 12;  // bars of the surest mistakes

using Counts = std::vector<std::vector<std::int64_t>>;

struct Confusion {
  std::size_t truth = 0, answer = 0;
  std::int64_t count = 0;
};

std::int64_t sum(const std::vector<std::int64_t>& row) {
  return std::accumulate(row.begin(), row.end(), std::int64_t{0});
}

Confusion most_frequent(const Counts& counts) {
  Confusion most;
  for (std::size_t truth = 0; truth < counts.size(); ++truth) {
    for (std::size_t answer = 0; answer < counts.size(); ++answer) {
      if (truth != answer && counts[truth][answer] > most.count) {
        most = {truth, answer, counts[truth][answer]};
      }
    }
  }
  return most;
}

// The pair of classes that are taken for each other most unequally.
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

std::string times(std::int64_t n) {
  return n == 0 ? "never" : n == 1 ? "once" : n == 2 ? "twice" : counted(n) + " times";
}

std::string extremes(const EvaluationReport& report) {
  const auto& per_class = report.metrics.per_class;
  std::size_t best = per_class.size(), worst = best;
  for (std::size_t c = 0; c < per_class.size(); ++c) {
    if (per_class[c].support == 0) continue;
    if (best == per_class.size() || per_class[c].recall > per_class[best].recall) best = c;
    if (worst == per_class.size() || per_class[c].recall < per_class[worst].recall) worst = c;
  }
  if (best == worst) return {};
  return " Recognised best is " + named(report.classes[best]) + " (" +
         percent(per_class[best].recall) + "), worst " + named(report.classes[worst]) + " (" +
         percent(per_class[worst].recall) + ").";
}

std::string mistake_text(const EvaluationReport& report, int truth, int answer) {
  return named(report.classes[std::size_t(truth)]) + " taken for " +
         named(report.classes[std::size_t(answer)]);
}

using Pair = std::pair<int, int>;  // truth, answer

// The most frequent first; equal ones in the order of their classes.
std::vector<std::pair<Pair, std::int64_t>> pairs_of(const std::vector<ImageMistake>& mistakes) {
  std::map<Pair, std::int64_t> counts;
  for (const ImageMistake& mistake : mistakes) ++counts[{mistake.truth, mistake.predicted}];
  std::vector<std::pair<Pair, std::int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

// The class that draws most of the mistakes to it, when it is more than a third.
std::string magnet(const EvaluationReport& report) {
  std::vector<std::int64_t> answers(report.classes.size());
  for (const ImageMistake& mistake : report.mistakes) ++answers[std::size_t(mistake.predicted)];
  const auto most = std::max_element(answers.begin(), answers.end());
  if (3 * *most < std::int64_t(report.mistakes.size()) || report.mistakes.size() < 5) return {};
  return " " + counted(*most) + " of them were taken for " +
         named(report.classes[std::size_t(most - answers.begin())]) + ".";
}

std::int64_t wrong_answers(const Metrics& m) {
  std::int64_t right = 0;
  for (std::size_t c = 0; c < m.confusion.size(); ++c) right += m.confusion[c][c];
  return m.count - right;
}

// Which mistake is the surest, and what kind the others are.
std::string mistakes_text(const EvaluationReport& report) {
  const ImageMistake& worst = report.mistakes[0];
  std::string text = "The surest mistake: " + mistake_text(report, worst.truth, worst.predicted) +
                     " with " + percent(worst.probability) + ".";
  const auto pairs = pairs_of(report.mistakes);
  const auto& [pair, count] = pairs[0];
  const auto shown = std::int64_t(report.mistakes.size());
  if (count > 1) {
    text += " Among the " + counted(shown) + " surest, " +
            mistake_text(report, pair.first, pair.second) + " is the most frequent (" +
            counted(count) + ").";
  } else if (shown > 1) {
    text += " No two of the " + counted(shown) + " shown are of the same kind.";
  }
  return text + magnet(report);
}

Bars pair_bars(const EvaluationReport& report) {
  Bars bars = empty_bars(
      "mistake",
      {"how often among the " + counted(std::int64_t(report.mistakes.size())), Unit::count},
      {"mistakes"});
  const auto pairs = pairs_of(report.mistakes);
  for (std::size_t i = 0; i < std::min(pairs.size(), kMostPairs); ++i) {
    const auto& [pair, count] = pairs[i];
    bars.categories.push_back(report.classes[std::size_t(pair.first)] + " as " +
                              report.classes[std::size_t(pair.second)]);
    bars.series[0].values.push_back(double(count));
  }
  return bars;
}

}  // namespace

Insight confusion_matrix(const EvaluationReport& report) {
  const Metrics& m = report.metrics;
  if (m.count == 0) return {{}, "The evaluation has no images.", {}};
  HeatMap map{"answer", "true class", report.classes, {}};
  for (const auto& row : m.confusion) map.values.emplace_back(row.begin(), row.end());
  std::string text = percent(m.accuracy) + " of " + counted(m.count, "image") +
                     " lie on the diagonal, answered correctly.";
  const Confusion most = most_frequent(m.confusion);
  if (most.count == 0) {
    text = "All " + counted(m.count, "image") + " are answered correctly.";
  } else {
    const std::int64_t row = sum(m.confusion[most.truth]);
    text +=
        " The most frequent mistake: " + mistake_text(report, int(most.truth), int(most.answer)) +
        ", " + counted(most.count) + " of " + counted(row) + " (" +
        percent(double(most.count) / double(row)) + "); the other way round " +
        times(m.confusion[most.answer][most.truth]) + ".";
    const Confusion odd = most_one_sided(m.confusion);
    if (odd.count >= 5 && (odd.truth != most.truth || odd.answer != most.answer)) {
      text += " The most one-sided: " + mistake_text(report, int(odd.truth), int(odd.answer)) +
              " " + times(odd.count) + ", the reverse " +
              times(m.confusion[odd.answer][odd.truth]) + ".";
    }
    text += extremes(report);
  }
  return {{{std::move(map)}}, text, {}};
}

Insight worst_mistakes(const EvaluationReport& report) {
  const std::int64_t wrong = wrong_answers(report.metrics);
  const auto shown = std::int64_t(report.mistakes.size());
  const std::string of_all = counted(report.metrics.count, "image");
  if (wrong == 0) return {{}, "No mistakes among " + of_all + ".", {}};
  const std::string count_text = counted(wrong) + " of " + counted(report.metrics.count) +
                                 " answers " + (wrong == 1 ? "is" : "are") + " wrong";
  if (shown == 0) {
    return {{},
            count_text + ", but none of them is kept as an image: the evaluation knows those " +
                "images by their features only.",
            {}};
  }
  ImageGroup group;
  for (const ImageMistake& mistake : report.mistakes) {
    group.images.push_back({mistake.image, report.classes[std::size_t(mistake.truth)],
                            report.classes[std::size_t(mistake.predicted)], mistake.probability,
                            false});
  }
  Insight insight{{}, count_text + ". " + mistakes_text(report), {}};
  if (shown < std::min<std::int64_t>(wrong, kMaxMistakes)) {
    insight.caveat = "Only " + counted(shown) + " of the surest mistakes " +
                     (shown == 1 ? "is" : "are") +
                     " kept as images; the evaluation knows the others by their features only.";
  }
  insight.chart.panels = {ImageGrid{{std::move(group)}}, pair_bars(report)};
  insight.chart.alternatives = true;
  return insight;
}

}  // namespace fovea::server
