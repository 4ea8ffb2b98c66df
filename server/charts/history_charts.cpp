#include <algorithm>
#include <chrono>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFew = 100;
constexpr std::int64_t kFewInStep = 10;  // of a step that the sentence speaks of
const char* const kNothing = "Nothing was classified yet, or it was deleted.";

std::string thin(std::int64_t count) {
  if (count >= kFew) return {};
  return "Only " + counted(count, "answer") + ": chance plays a part.";
}

double mean(const Tally& tally) {
  return tally.probability_sum / double(tally.count);
}

double seconds(Time time) {
  return double(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

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

// Those that have answers: all of a step's may have been deleted.
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

// "none was uncertain", "12 % were uncertain"
std::string unsure_text(const Tally& tally) {
  if (tally.uncertain == 0) return "none was uncertain";
  return percent(double(tally.uncertain) / double(tally.count)) + " were uncertain";
}

Tally merged(const Steps& steps, std::size_t from, std::size_t to) {
  Tally all;
  for (std::size_t i = from; i < to; ++i) all.merge(steps[i].second);
  return all;
}

// The first half of the answers against the second, by steps.
// REQUIRES: two steps or more.
std::string trend(const Steps& steps) {
  const std::int64_t all = merged(steps, 0, steps.size()).count;
  std::size_t split = 0;
  for (std::int64_t before = 0; split + 1 < steps.size() && 2 * before < all;) {
    before += steps[split++].second.count;
  }
  const Tally early = merged(steps, 0, split), late = merged(steps, split, steps.size());
  const double change = mean(late) - mean(early);
  const std::string text = " From the earlier to the later half it ";
  if (std::abs(change) < 0.02) {
    return text + "stayed the same (" + percent(mean(early)) + ", " + percent(mean(late)) + ").";
  }
  return text + (change < 0 ? "fell from " : "rose from ") + percent(mean(early)) + " to " +
         percent(mean(late)) +
         (change < -0.05 ? ": perhaps the images are no longer like those it learnt from." : ".");
}

std::string extreme_steps(const Steps& steps, int seconds) {
  std::vector<const Steps::value_type*> full;
  for (const auto& step : steps) {
    if (step.second.count >= kFewInStep) full.push_back(&step);
  }
  if (full.size() < 2) return {};
  const auto [low, high] = std::minmax_element(
      full.begin(), full.end(), [](auto* a, auto* b) { return mean(a->second) < mean(b->second); });
  const auto one = [&](const Steps::value_type& step) {
    return percent(mean(step.second)) + " in the " + step_name(seconds) + " of " +
           step_start(step.first, seconds) + " UTC";
  };
  return " It was lowest with " + one(**low) + " (" + counted((*low)->second.count, "answer") +
         ") and highest with " + one(**high) + ".";
}

// Which part of the slow answers' time it is.
std::string slowest_part(const Tally& all) {
  const std::pair<const char*, const LatencyHistogram*> parts[] = {
      {"decoding the image", &all.decode},
      {"waiting for a free thread", &all.queue},
      {"the network itself", &all.compute}};
  const auto at = [](const auto& part) { return part.second->percentile(0.99); };
  const auto* most = std::max_element(std::begin(parts), std::end(parts),
                                      [&](const auto& a, const auto& b) { return at(a) < at(b); });
  return " Of the parts, " + std::string(most->first) + " takes longest in slow cases (p99 " +
         milliseconds(at(*most)) + ").";
}

}  // namespace

Insight confidence_over_time(const Statistics& statistics) {
  if (statistics.all.count == 0) return {{}, kNothing, {}};
  const Steps steps = steps_of(statistics);
  const int step = statistics.step_seconds;
  const double from = seconds(steps.front().first), to = seconds(steps.back().first) + step;
  const Axis time{"time (UTC), " + days(steps), Unit::time, from, to};
  Lines lines{time, {"share", Unit::share, 0, 1}, {}};
  Line confidence{"mean confidence", {}, false, true}, unsure{"uncertain answers", {}, false, true};
  Histogram counts{time, {"answers per " + step_name(step), Unit::count, 0, 0}, {}};
  for (const auto& [start, tally] : steps) {
    const double at = seconds(start), middle = at + step / 2.0;
    confidence.points.push_back({middle, mean(tally)});
    unsure.points.push_back({middle, double(tally.uncertain) / double(tally.count)});
    counts.bins.push_back({at, at + step, double(tally.count)});
  }
  lines.lines = {std::move(confidence), std::move(unsure)};
  lines.dots = steps.size() <= 100;
  std::string text = "Over " + counted(statistics.all.count, "answer") +
                     " the mean confidence is " + percent(mean(statistics.all)) + ", and " +
                     unsure_text(statistics.all) + ".";
  if (steps.size() < 2) {
    text += " All fall into one " + step_name(step) + ": there is no course over time yet.";
  } else {
    text += trend(steps) + extreme_steps(steps, step);
  }
  return {{{std::move(lines), std::move(counts)}}, text, thin(statistics.all.count)};
}

Insight confidence_histogram(const Statistics& statistics) {
  const Tally& all = statistics.all;
  if (all.count == 0) return {{}, kNothing, {}};
  Histogram histogram{
      {"confidence of the answer", Unit::share, 0, 1}, {"answers", Unit::count, 0, 0}, {}};
  for (int i = 0; i < Tally::kConfidenceBins; ++i) {
    histogram.bins.push_back({i / double{Tally::kConfidenceBins},
                              (i + 1) / double{Tally::kConfidenceBins},
                              double(all.confidence[std::size_t(i)])});
  }
  const auto most = std::max_element(all.confidence.begin(), all.confidence.end());
  const auto bin = histogram.bins[std::size_t(most - all.confidence.begin())];
  std::string text =
      "Most frequent are answers with " + fixed(100 * bin.low, 0) + " to " + percent(bin.high) +
      " confidence: " + percent(double(*most) / double(all.count)) + " of " + counted(all.count) +
      "; " + unsure_text(all) + ". The least sure had " + percent(all.probability_min) +
      ", the surest " + percent(all.probability_max) + ".";
  const LabelledCount& labelled = statistics.labelled;
  if (labelled.count > 0) {
    text += " Of " + counted(labelled.count, "answer") + " that people looked at, " +
            counted(labelled.right) + (labelled.right == 1 ? " was" : " were") + " right (" +
            percent(double(labelled.right) / double(labelled.count)) + "), against " +
            percent(mean(all)) + " mean confidence.";
  }
  return {{{std::move(histogram)}}, text, thin(all.count)};
}

Insight latency(const Statistics& statistics) {
  const Tally& all = statistics.all;
  if (all.count == 0) return {{}, kNothing, {}};
  Bars bars = empty_bars("part of the work", {"milliseconds"},
                         {"p50 (half take less)", "p90", "p99 (1 in 100 takes longer)"});
  bars.categories = {"decode", "queue", "compute", "total"};
  const double fractions[] = {0.5, 0.9, 0.99};
  for (std::size_t i = 0; i < 3; ++i) {
    for (const auto* part : {&all.decode, &all.queue, &all.compute, &all.total}) {
      bars.series[i].values.push_back(part->percentile(fractions[i]));
    }
  }
  const double half = all.total.percentile(0.5), slow = all.total.percentile(0.99);
  std::string text = "Half of " + counted(all.count, "answer") + " took at most " +
                     milliseconds(half) + ", 1 in 100 more than " + milliseconds(slow) + ".";
  if (half > 0 && slow > 5 * half) {
    text += " That is " + fixed(slow / half, 0) +
            " times as long: some wait much longer than "
            "others.";
  }
  text += slowest_part(all);
  return {{{std::move(bars)}}, text, thin(all.count)};
}

}  // namespace fovea::server
