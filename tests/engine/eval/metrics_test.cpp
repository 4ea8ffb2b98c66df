#include "engine/eval/metrics.h"

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

Tensor table(const std::vector<std::vector<double>>& rows) {
  Tensor t({static_cast<int>(rows.size()), 1, 1, static_cast<int>(rows.at(0).size())});
  for (std::size_t n = 0; n < rows.size(); ++n) {
    for (std::size_t c = 0; c < rows[n].size(); ++c) {
      t.image(static_cast<int>(n))[c] = static_cast<Scalar>(rows[n][c]);
    }
  }
  return t;
}

void check_number(const nlohmann::json& expected, double actual) {
  if (expected.is_null()) {
    CHECK(std::isnan(actual));
  } else {
    CHECK(actual == Approx(expected.get<double>()).margin(1e-12).epsilon(1e-9));
  }
}

void check_average(const nlohmann::json& expected, const Average& actual) {
  check_number(expected[0], actual.precision);
  check_number(expected[1], actual.recall);
  check_number(expected[2], actual.f1);
}

void check_metrics(const nlohmann::json& expected, const Metrics& m) {
  check_number(expected["accuracy"], m.accuracy);
  CHECK(m.confusion == expected["confusion"].get<std::vector<std::vector<std::int64_t>>>());
  check_average(expected["macro"], m.macro);
  check_average(expected["weighted"], m.weighted);
  for (std::size_t c = 0; c < m.per_class.size(); ++c) {
    const ClassMetrics& mine = m.per_class[c];
    check_average(expected["per_class"][c], {mine.precision, mine.recall, mine.f1});
    check_number(expected["roc_auc"][c], mine.roc_auc);
    check_number(expected["pr_auc"][c], mine.pr_auc);
    CHECK(expected["support"][c] == mine.support);
  }
  check_number(expected["roc_auc_macro"], m.roc_auc_macro);
  check_number(expected["pr_auc_macro"], m.pr_auc_macro);
  check_number(expected["log_loss"], m.log_loss);
  check_number(expected["brier"], m.brier);
  check_number(expected["ece"], m.ece);
}

}  // namespace

TEST_CASE("metrics equal those of scikit-learn including degenerate cases", "[engine][eval]") {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/data/metrics-cases.json");
  const auto document = nlohmann::json::parse(file);
  REQUIRE(document["cases"].size() >= 9);
  for (const auto& item : document["cases"]) {
    INFO(item["name"].get<std::string>());
    const auto rows = item["probabilities"].get<std::vector<std::vector<double>>>();
    const auto labels = item["labels"].get<std::vector<int>>();
    check_metrics(item["expected"], compute_metrics(table(rows), labels));
  }
}

TEST_CASE("reliability bins contain every image once and give the calibration error",
          "[engine][eval]") {
  const Tensor p = table({{0.95, 0.05}, {0.91, 0.09}, {0.4, 0.6}, {0.5, 0.5}});
  const std::vector<int> labels{0, 1, 1, 1};
  const Metrics m = compute_metrics(p, labels);
  REQUIRE(m.reliability.size() == 15);
  std::int64_t total = 0;
  double error = 0;
  for (const ReliabilityBin& bin : m.reliability) {
    total += bin.count;
    error += static_cast<double>(bin.count) / 4 * std::abs(bin.accuracy - bin.confidence);
  }
  CHECK(total == 4);
  CHECK(m.ece == Approx(error));
  const ReliabilityBin& bin = m.reliability[13];  // (13/15, 14/15]: only the 0.91
  CHECK(bin.count == 1);
  CHECK(bin.confidence == Approx(0.91));
  CHECK(bin.accuracy == 0);
}

TEST_CASE("the interval of the ECE is wide without mistakes and contains the true error",
          "[engine][eval]") {
  const auto bin = [](std::int64_t count, double confidence, double accuracy) {
    return std::vector<ReliabilityBin>{{14.0 / 15, 1, count, confidence, accuracy}};
  };
  // 16 correct predictions of confidence 1: the 2.5 % quantile of Beta(16.5, 0.5) is 0.8571.
  const Interval sure = ece_interval(bin(16, 1, 1));
  CHECK(sure.low == 0);
  CHECK(sure.high == Approx(0.143).margin(0.015));
  CHECK(ece_interval(bin(10'000, 1, 1)).high < 0.001);
  // Confidence 0.99 with an accuracy of 0.8: the error is 0.19 with a standard error of 0.028.
  const Interval wrong = ece_interval(bin(200, 0.99, 0.8));
  CHECK(wrong.low == Approx(0.13).margin(0.015));
  CHECK(wrong.high == Approx(0.25).margin(0.015));
  CHECK(ece_interval({}).high == 1);
  // A model that is calibrated: the true error of 0 lies within the interval.
  CalibrationBins bins;
  Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    const double confidence = rng.uniform(0.5f, 1);
    bins.add(confidence, rng.uniform() < confidence);
  }
  CHECK(bins.ece() > 0.02);
  CHECK(ece_interval(bins.bins()).low == 0);
  CHECK(ece_interval(bins.bins()).high >= bins.ece());
}

TEST_CASE("metrics reject labels that do not match the predictions", "[engine][eval]") {
  const Tensor p = table({{0.5, 0.5}, {1, 0}});
  const auto metrics = [&](std::vector<int> labels) { return compute_metrics(p, labels); };
  CHECK_THROWS_WITH(metrics({0}), ContainsSubstring("2 predictions for 1 labels"));
  CHECK_THROWS_WITH(metrics({0, 2}), ContainsSubstring("label 2 of image 1 is not below 2"));
  CHECK_THROWS_AS(metrics({0, -1}), ShapeError);
  CHECK_THROWS_AS(compute_metrics(Tensor({0, 1, 1, 2}), {}), ShapeError);
}
