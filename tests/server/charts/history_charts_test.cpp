#include "server/charts/insight.h"
#include "tests/support/catch.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;

PredictionRecord prediction(float probability, double queue_ms = 0.1, double compute_ms = 0.5) {
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
  for (int i = 0; i < count; ++i) sum.add(prediction(probability, queue_ms));
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

TEST_CASE("confidence over time names the trend and the lowest and the highest hour",
          "[server][charts]") {
  const Insight insight =
      confidence_over_time(hours({tally(60, 0.9f), tally(60, 0.8f), tally(60, 0.4f)}));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("The mean confidence of 180 predictions is 70 %; 33.3 % of them are "
                               "uncertain."));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("fell from 85 % in the earlier half to 40 % in the later half: "
                               "the images may differ"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("lowest in the hour from 2026-02-01 00:00 UTC (40 %, 60 "
                               "predictions) and highest in the hour from 2026-01-31 "
                               "22:00 UTC (90 %)"));
  CHECK(insight.caveat.empty());
  const auto& panel = std::get<Curves>(insight.chart.panels.at(0));
  CHECK(panel.x.title == "time (UTC), 2026-01-31 to 2026-02-01");
  CHECK(panel.curves.at(0).points.at(2).y == Approx(0.4));
  const auto& bins = std::get<Histogram>(insight.chart.panels.at(1)).bins;
  CHECK(bins.at(1).low == panel.x.low + 3600);
  CHECK(bins.at(1).value == 60);
}

TEST_CASE("constant and rising confidence and a single hour have different captions",
          "[server][charts]") {
  const auto sentence = [](const std::vector<Tally>& tallies) {
    return confidence_over_time(hours(tallies)).sentence;
  };
  CHECK_THAT(sentence({tally(9, 0.9f), tally(9, 0.9f)}),
             ContainsSubstring("about the same in the earlier (90 %)"));
  CHECK_THAT(sentence({tally(9, 0.6f), tally(9, 0.9f)}),
             ContainsSubstring("rose from 60 % in the earlier half to 90 % in the later half."));
  CHECK_THAT(sentence({tally(9, 0.9f)}), ContainsSubstring("all predictions are from one hour"));
  // Hours with few predictions are not extremes; hours whose predictions were deleted are ignored.
  CHECK_THAT(sentence({tally(9, 0.6f), tally(9, 0.9f)}), !ContainsSubstring("lowest"));
  CHECK_THAT(sentence({tally(9, 0.9f), Tally(), Tally()}),
             ContainsSubstring("all predictions are from one hour"));
}

TEST_CASE("few predictions have a caveat and none have no chart", "[server][charts]") {
  CHECK_THAT(confidence_histogram(hours({tally(12, 0.9f)})).caveat,
             ContainsSubstring("Only 12 predictions"));
  for (const auto chart : {confidence_over_time, confidence_histogram, latency_percentiles}) {
    const Insight insight = chart({});
    CHECK(insight.chart.panels.empty());
    CHECK_THAT(insight.sentence, ContainsSubstring("There are no predictions"));
  }
}

TEST_CASE("the confidence histogram names the most common range and the labelled accuracy",
          "[server][charts]") {
  Statistics statistics = hours({tally(60, 0.97f), tally(40, 0.42f)});
  Insight insight = confidence_histogram(statistics);
  CHECK_THAT(insight.sentence,
             ContainsSubstring("confidence is 95 to 100 % (60 % of 100 predictions); 40 "
                               "% of them are uncertain. The lowest confidence is 42 %"));
  CHECK_THAT(insight.sentence, !ContainsSubstring("labelled"));
  statistics.labelled = {10, 7};
  insight = confidence_histogram(statistics);
  CHECK_THAT(insight.sentence,
             ContainsSubstring("10 predictions labelled by users, 7 are correct (70 %), "
                               "compared with a mean confidence of 75 %"));
  CHECK(std::get<Histogram>(insight.chart.panels.at(0)).bins.at(8).value == 40);
}

TEST_CASE("latency names the median and the p99 and the slowest stage", "[server][charts]") {
  Statistics statistics = hours({tally(95, 0.9f), tally(5, 0.9f, 30)});
  Insight insight = latency_percentiles(statistics);
  CHECK_THAT(insight.sentence, ContainsSubstring("The median time of 100 predictions is 0.8"));
  CHECK_THAT(insight.sentence, ContainsSubstring("times as long"));
  CHECK_THAT(insight.sentence, ContainsSubstring("slowest stage is waiting for a free thread"));
  insight = latency_percentiles(hours({tally(100, 0.9f)}));
  CHECK_THAT(insight.sentence, ContainsSubstring("slowest stage is running the network"));
  CHECK_THAT(insight.sentence, !ContainsSubstring("times as long"));
  const auto& bars = std::get<Bars>(insight.chart.panels.at(0));
  CHECK(bars.categories.size() == 4);
  CHECK(bars.series.at(2).values.at(2) == Approx(0.5).epsilon(0.03));
}

}  // namespace
}  // namespace fovea::tests
