#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFew = 100;
constexpr std::int64_t kMinInStep = 10;  // for a step to be mentioned as an extreme
const char* const kNoPredictions =
    "There are no predictions: none were made yet, or they were deleted.";

std::string small_sample(std::int64_t count) {
  if (count >= kFew) return {};
  return "Only " + counted(count, "prediction") + ": the values are unreliable.";
}

double mean(const Tally& tally) {
  return tally.probability_sum / double(tally.count);
}

double seconds(Time time) {
  return double(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

// "minute", "hour", "day"
std::string step_name(int seconds) {
  return seconds < 3600 ? "minute" : seconds < 86400 ? "hour" : "day";
}

// "2026-01-31", "2026-01-31 14:00"
std::string step_start(Time time, int step) {
  std::string text = iso_time(time);
  text[10] = ' ';
  return text.substr(0, step >= 86400 ? 10 : 16);
}

using Steps = std::vector<std::pair<Time, Tally>>;

// The steps with predictions: those of a step may all have been deleted.
Steps steps_of(const Statistics& statistics) {
  Steps steps;
  for (const auto& step : statistics.series) {
    if (step.second.count > 0) steps.push_back(step);
  }
  return steps;
}

// "2026-01-31", "2026-01-31 to 2026-02-02"
std::string days(const Steps& steps) {
  const std::string first = step_start(steps.front().first, 86400);
  const std::string last = step_start(steps.back().first, 86400);
  return first == last ? first : first + " to " + last;
}

// "none of them is uncertain", "12 % of them are uncertain"
std::string uncertain_text(const Tally& tally) {
  if (tally.uncertain == 0) return "none of them is uncertain";
  return percent(double(tally.uncertain) / double(tally.count)) + " of them are uncertain";
}

Tally merged(const Steps& steps, std::size_t from, std::size_t to) {
  Tally all;
  for (std::size_t i = from; i < to; ++i) all.merge(steps[i].second);
  return all;
}

// Compares the earlier with the later half of the predictions, split between two steps.
// REQUIRES: at least two steps.
std::string trend(const Steps& steps) {
  const std::int64_t all = merged(steps, 0, steps.size()).count;
  std::size_t split = 0;
  for (std::int64_t before = 0; split + 1 < steps.size() && 2 * before < all;) {
    before += steps[split++].second.count;
  }
  const Tally early = merged(steps, 0, split), late = merged(steps, split, steps.size());
  const double change = mean(late) - mean(early);
  if (std::abs(change) < 0.02) {
    return fmt::format(" It is about the same in the earlier ({}) and the later half ({}).",
                       percent(mean(early)), percent(mean(late)));
  }
  return fmt::format(" It {} from {} in the earlier half to {} in the later half{}",
                     change < 0 ? "fell" : "rose", percent(mean(early)), percent(mean(late)),
                     change < -0.05 ? ": the images may differ from the training images." : ".");
}

// "on 2026-01-31", "in the hour from 2026-01-31 14:00 UTC"
std::string step_text(Time start, int seconds) {
  if (seconds >= 86400) return "on " + step_start(start, seconds);
  return fmt::format("in the {} from {} UTC", step_name(seconds), step_start(start, seconds));
}

std::string extreme_steps(const Steps& steps, int seconds) {
  std::vector<const Steps::value_type*> full;
  for (const auto& step : steps) {
    if (step.second.count >= kMinInStep) full.push_back(&step);
  }
  if (full.size() < 2) return {};
  const auto [low, high] = std::minmax_element(
      full.begin(), full.end(), [](auto* a, auto* b) { return mean(a->second) < mean(b->second); });
  return fmt::format(" It was lowest {} ({}, {}) and highest {} ({}).",
                     step_text((*low)->first, seconds), percent(mean((*low)->second)),
                     counted((*low)->second.count, "prediction"),
                     step_text((*high)->first, seconds), percent(mean((*high)->second)));
}

// The stage that takes longest in slow predictions.
std::string slowest_stage(const Tally& all) {
  const std::pair<const char*, const LatencyHistogram*> stages[] = {
      {"decoding the image", &all.decode},
      {"waiting for a free thread", &all.queue},
      {"running the network", &all.compute}};
  const auto p99 = [](const auto& stage) { return stage.second->percentile(0.99); };
  const auto* slowest =
      std::max_element(std::begin(stages), std::end(stages),
                       [&](const auto& a, const auto& b) { return p99(a) < p99(b); });
  return fmt::format(" The slowest stage is {} (p99 {}).", slowest->first,
                     milliseconds(p99(*slowest)));
}

}  // namespace

Insight confidence_over_time(const Statistics& statistics) {
  if (statistics.all.count == 0) return {{}, kNoPredictions, {}};
  const Steps steps = steps_of(statistics);
  const int step = statistics.step_seconds;
  const double from = seconds(steps.front().first), to = seconds(steps.back().first) + step;
  const Axis time{"time (UTC), " + days(steps), Unit::time, from, to};
  Curves panel{time, {"fraction", Unit::fraction, 0, 1}, {}};
  Curve confidence{"mean confidence", {}, false, true};
  Curve uncertain{"uncertain predictions", {}, false, true};
  Histogram counts{time, {"predictions per " + step_name(step), Unit::count, 0, 0}, {}};
  for (const auto& [start, tally] : steps) {
    const double at = seconds(start), middle = at + step / 2.0;
    confidence.points.push_back({middle, mean(tally)});
    uncertain.points.push_back({middle, double(tally.uncertain) / double(tally.count)});
    counts.bins.push_back({at, at + step, double(tally.count)});
  }
  panel.curves = {std::move(confidence), std::move(uncertain)};
  panel.dots = steps.size() <= 100;
  std::string text = fmt::format("The mean confidence of {} is {}; {}.",
                                 counted(statistics.all.count, "prediction"),
                                 percent(mean(statistics.all)), uncertain_text(statistics.all));
  if (steps.size() < 2) {
    text +=
        fmt::format(" There is no trend yet: all predictions are from one {}.", step_name(step));
  } else {
    text += trend(steps) + extreme_steps(steps, step);
  }
  return {{{std::move(panel), std::move(counts)}}, text, small_sample(statistics.all.count)};
}

Insight confidence_histogram(const Statistics& statistics) {
  const Tally& all = statistics.all;
  if (all.count == 0) return {{}, kNoPredictions, {}};
  Histogram histogram{{"confidence", Unit::fraction, 0, 1}, {"predictions", Unit::count, 0, 0}, {}};
  for (int i = 0; i < Tally::kConfidenceBins; ++i) {
    histogram.bins.push_back({i / double{Tally::kConfidenceBins},
                              (i + 1) / double{Tally::kConfidenceBins},
                              double(all.confidence[std::size_t(i)])});
  }
  const auto most = std::max_element(all.confidence.begin(), all.confidence.end());
  const auto bin = histogram.bins[std::size_t(most - all.confidence.begin())];
  std::string text = fmt::format(
      "The most common confidence is {} to {} ({} of {}); {}. The lowest confidence is {}, the "
      "highest {}.",
      fixed(100 * bin.low, 0), percent(bin.high), percent(double(*most) / double(all.count)),
      counted(all.count, "prediction"), uncertain_text(all), percent(all.probability_min),
      percent(all.probability_max));
  const LabelledCount& labelled = statistics.labelled;
  if (labelled.count > 0) {
    text += fmt::format(
        " Of {} labelled by users, {} {} correct ({}), compared with a mean "
        "confidence of {}.",
        counted(labelled.count, "prediction"), counted(labelled.correct),
        labelled.correct == 1 ? "is" : "are",
        percent(double(labelled.correct) / double(labelled.count)), percent(mean(all)));
  }
  return {{{std::move(histogram)}}, text, small_sample(all.count)};
}

Insight latency_percentiles(const Statistics& statistics) {
  const Tally& all = statistics.all;
  if (all.count == 0) return {{}, kNoPredictions, {}};
  Bars bars =
      empty_bars("stage", {"milliseconds"}, {"p50 (median)", "p90", "p99 (1 in 100 takes longer)"});
  bars.categories = {"decode", "queue", "compute", "total"};
  const double fractions[] = {0.5, 0.9, 0.99};
  for (std::size_t i = 0; i < 3; ++i) {
    for (const auto* part : {&all.decode, &all.queue, &all.compute, &all.total}) {
      bars.series[i].values.push_back(part->percentile(fractions[i]));
    }
  }
  const double median = all.total.percentile(0.5), p99 = all.total.percentile(0.99);
  std::string text =
      fmt::format("The median time of {} is {}; 1 in 100 takes longer than {}",
                  counted(all.count, "prediction"), milliseconds(median), milliseconds(p99));
  text += median > 0 && p99 > 5 * median
              ? fmt::format(", {} times as long.", fixed(p99 / median, 0))
              : ".";
  text += slowest_stage(all);
  return {{{std::move(bars)}}, text, small_sample(all.count)};
}

}  // namespace fovea::server
