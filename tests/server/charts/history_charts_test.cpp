#include "server/charts/insight.h"
#include "tests/support/catch.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;

PredictionRecord answer(float probability, double queue_ms = 0.1, double compute_ms = 0.5) {
  PredictionRecord record;
  record.label = "cat";
  record.probability = probability;
  record.uncertain = probability < 0.5f;
  record.decode_ms = 0.2;
  record.queue_ms = queue_ms;
  record.compute_ms = compute_ms;
  return record;
}

Tally tally(int count, float probability, double queue_ms = 0.1) {
  Tally sum;
  for (int i = 0; i < count; ++i) sum.add(answer(probability, queue_ms));
  return sum;
}

const Time kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 22h;

// Steps of an hour from 22:00 on.
Statistics hours(const std::vector<Tally>& tallies) {
  Statistics statistics;
  statistics.step_seconds = 3600;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    statistics.series.emplace_back(kStart + i * 1h, tallies[i]);
    statistics.all.merge(tallies[i]);
  }
  return statistics;
}

TEST_CASE("confidence over time says how it went, and names the lowest and the highest hour") {
  const Insight insight =
      confidence_over_time(hours({tally(60, 0.9f), tally(60, 0.8f), tally(60, 0.4f)}));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("Over 180 answers the mean confidence is 70 %, and "
                               "33.3 % were uncertain"));
  CHECK_THAT(insight.sentence, ContainsSubstring("fell from 85 % to 40 %: perhaps the images"));
  CHECK_THAT(insight.sentence, ContainsSubstring("lowest with 40 % in the hour of 2026-02-01 00:00 "
                                                 "UTC (60 answers) and highest with 90 % in the "
                                                 "hour of 2026-01-31 22:00 UTC"));
  CHECK(insight.caveat.empty());
  const auto& lines = std::get<Lines>(insight.chart.panels.at(0));
  CHECK(lines.x.title == "time (UTC), 2026-01-31 to 2026-02-01");
  CHECK(lines.lines.at(0).points.at(2).y == Approx(0.4));
  const auto& bins = std::get<Histogram>(insight.chart.panels.at(1)).bins;
  CHECK(bins.at(1).low == lines.x.low + 3600);
  CHECK(bins.at(1).value == 60);
}

TEST_CASE("a steady confidence, a rising one and a single hour read differently") {
  const auto sentence = [](const std::vector<Tally>& tallies) {
    return confidence_over_time(hours(tallies)).sentence;
  };
  CHECK_THAT(sentence({tally(9, 0.9f), tally(9, 0.9f)}), ContainsSubstring("stayed the same"));
  CHECK_THAT(sentence({tally(9, 0.6f), tally(9, 0.9f)}),
             ContainsSubstring("rose from 60 % to 90 %."));
  CHECK_THAT(sentence({tally(9, 0.9f)}), ContainsSubstring("fall into one hour"));
  // Hours with few answers are no extremes; hours whose answers were deleted are none at all.
  CHECK_THAT(sentence({tally(9, 0.6f), tally(9, 0.9f)}), !ContainsSubstring("lowest"));
  CHECK_THAT(sentence({tally(9, 0.9f), Tally(), Tally()}), ContainsSubstring("fall into one hour"));
}

TEST_CASE("few answers are called few, and none is no chart") {
  CHECK_THAT(confidence_histogram(hours({tally(12, 0.9f)})).caveat,
             ContainsSubstring("Only 12 answers"));
  for (const auto chart : {confidence_over_time, confidence_histogram, latency}) {
    const Insight insight = chart({});
    CHECK(insight.chart.panels.empty());
    CHECK_THAT(insight.sentence, ContainsSubstring("Nothing was classified yet"));
  }
}

TEST_CASE("the confidence histogram names the most frequent range and what people checked") {
  Statistics statistics = hours({tally(60, 0.97f), tally(40, 0.42f)});
  Insight insight = confidence_histogram(statistics);
  CHECK_THAT(insight.sentence, ContainsSubstring("95 to 100 % confidence: 60 % of 100; 40 % were "
                                                 "uncertain. The least sure had 42 %"));
  CHECK_THAT(insight.sentence, !ContainsSubstring("people"));
  statistics.labelled = {10, 7};
  insight = confidence_histogram(statistics);
  CHECK_THAT(insight.sentence, ContainsSubstring("10 answers that people looked at, 7 were right "
                                                 "(70 %), against 75 % mean confidence"));
  CHECK(std::get<Histogram>(insight.chart.panels.at(0)).bins.at(8).value == 40);
}

TEST_CASE("latency names the usual and the slow answers, and the part that makes them slow") {
  Statistics statistics = hours({tally(95, 0.9f), tally(5, 0.9f, 30)});
  Insight insight = latency(statistics);
  CHECK_THAT(insight.sentence, ContainsSubstring("Half of 100 answers took at most 0.8"));
  CHECK_THAT(insight.sentence, ContainsSubstring("some wait much longer"));
  CHECK_THAT(insight.sentence, ContainsSubstring("waiting for a free thread takes longest"));
  insight = latency(hours({tally(100, 0.9f)}));
  CHECK_THAT(insight.sentence, ContainsSubstring("the network itself takes longest"));
  CHECK_THAT(insight.sentence, !ContainsSubstring("some wait"));
  const auto& bars = std::get<Bars>(insight.chart.panels.at(0));
  CHECK(bars.categories.size() == 4);
  CHECK(bars.series.at(2).values.at(2) == Approx(0.5).epsilon(0.03));
}

}  // namespace
}  // namespace fovea::tests
