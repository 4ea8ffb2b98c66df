#include "engine/fit/calibrate.h"

#include <cmath>
#include <fstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/eval/metrics.h"
#include "engine/model/classifier.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

Tensor table(const std::vector<std::vector<float>>& rows) {
  Tensor t({static_cast<int>(rows.size()), 1, 1, static_cast<int>(rows.at(0).size())});
  for (std::size_t n = 0; n < rows.size(); ++n) {
    std::copy(rows[n].begin(), rows[n].end(), t.image(static_cast<int>(n)));
  }
  return t;
}

}  // namespace

TEST_CASE("the temperature equals the one that SciPy finds", "[engine][eval]") {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/data/metrics-cases.json");
  const auto document = nlohmann::json::parse(file);
  REQUIRE(document["temperatures"].size() == 4);
  for (const auto& item : document["temperatures"]) {
    const Tensor logits = table(item["logits"].get<std::vector<std::vector<float>>>());
    const auto labels = item["labels"].get<std::vector<int>>();
    const Temperature fitted = fit_temperature(logits, labels);
    CHECK(fitted.value == Approx(item["expected"].get<double>()).epsilon(1e-4));
    CHECK(fitted.images == std::ssize(labels));
    CHECK(fitted.interval.low < fitted.value);
    CHECK(fitted.interval.high > fitted.value);
    CHECK(fitted.few_images() == (labels.size() < 100));
  }
}

TEST_CASE("temperature scaling lowers the log loss of an overconfident network", "[engine][eval]") {
  Tensor logits({400, 1, 1, 3}), before, after;
  std::vector<int> labels;
  Rng rng(1);
  for (int n = 0; n < 400; ++n) {
    labels.push_back(static_cast<int>(rng.below(3)));
    for (int c = 0; c < 3; ++c) {
      logits.image(n)[c] = 5 * (rng.normal() + (c == labels.back() ? 1.0f : 0.0f));
    }
  }
  softmax(logits, 1, before);
  softmax(logits, fit_temperature(logits, labels).value, after);
  const Metrics raw = compute_metrics(before, labels), calibrated = compute_metrics(after, labels);
  CHECK(calibrated.log_loss < raw.log_loss);
  CHECK(calibrated.ece < raw.ece);
  CHECK(calibrated.accuracy == raw.accuracy);
}

TEST_CASE("a few images that are all correct do not make the model certain", "[engine][eval]") {
  // Two classes with a logit difference of 12, as after training on an easy dataset.
  const auto confidence = [](int images) {
    Tensor logits({images, 1, 1, 2}), p;
    std::vector<int> labels;
    for (int n = 0; n < images; ++n) {
      labels.push_back(n % 2);
      logits.image(n)[labels.back()] = 12;
      logits.image(n)[1 - labels.back()] = 0;
    }
    const Temperature fitted = fit_temperature(logits, labels);
    softmax(logits, fitted.value, p);
    return std::pair{double{p.image(0)[0]}, fitted.few_images()};
  };
  // Without calibration: 0.999994. Laplace's rule of succession expects 17 of 18 = 0.944.
  CHECK(confidence(16).first > 0.94);
  CHECK(confidence(16).first < 0.995);
  CHECK(confidence(16).second);
  CHECK(confidence(2000).first > 0.999);
  CHECK(confidence(16).first < confidence(200).first);
}

TEST_CASE("predictions that are always wrong lower the confidence", "[engine][eval]") {
  Tensor logits({500, 1, 1, 2});
  std::vector<int> labels(500, 1);
  for (int n = 0; n < 500; ++n) {
    logits.image(n)[0] = 2;
    logits.image(n)[1] = 0;
  }
  CHECK(fit_temperature(logits, labels).value == Approx(20));
  CHECK_THROWS_AS(fit_temperature(logits, std::vector<int>{0}), ShapeError);
  labels[7] = 2;
  CHECK_THROWS_AS(fit_temperature(logits, labels), ShapeError);
}

TEST_CASE("with the fitted biases expected and actual class weights are equal", "[engine][eval]") {
  Tensor logits({6000, 1, 1, 3}), p;
  std::vector<int> labels;
  Rng rng(2);
  for (int n = 0; n < 6000; ++n) {
    labels.push_back(n % 6 == 0 ? 2 : n % 2);  // 2000, 3000, 1000
    for (int c = 0; c < 3; ++c) {
      logits.image(n)[c] = rng.normal() + (c == labels.back() ? 2.0f : 0.0f) + (c == 1 ? 1.5f : 0);
    }
  }
  const std::vector<double> weights{1, 1, 2.5};
  const std::vector<float> biases = fit_biases(logits, labels, weights);
  CHECK(biases[0] + biases[1] + biases[2] == Approx(0).margin(1e-5));
  CHECK(biases[1] < biases[0]);
  for (int n = 0; n < 6000; ++n) {
    for (int c = 0; c < 3; ++c) logits.image(n)[c] += biases[static_cast<std::size_t>(c)];
  }
  softmax(logits, 1, p);
  double expected[3] = {};
  for (int n = 0; n < 6000; ++n) {
    for (int c = 0; c < 3; ++c) {
      expected[c] += weights[static_cast<std::size_t>(labels[static_cast<std::size_t>(n)])] *
                     static_cast<double>(p.image(n)[c]);
    }
  }
  CHECK(expected[0] == Approx(2000).epsilon(2e-3));
  CHECK(expected[1] == Approx(3000).epsilon(2e-3));
  CHECK(expected[2] == Approx(2500).epsilon(2e-3));
}

TEST_CASE("the bias of a class without images is lowered and never raised", "[engine][eval]") {
  std::vector<std::vector<float>> greedy_rows, modest_rows;
  std::vector<int> labels;
  for (int n = 0; n < 1000; ++n) {
    const float first = n % 2 == 0 ? 1 : 0;
    greedy_rows.push_back({first, 1 - first, 3});
    modest_rows.push_back({first, 1 - first, -12});
    labels.push_back(n % 2);
  }
  const Tensor greedy = table(greedy_rows), modest = table(modest_rows);
  const std::vector<double> heavy{1, 1, 20}, light{1, 1, 0.01};
  for (const auto& weights : {heavy, light}) {
    const std::vector<float> biases = fit_biases(modest, labels, weights);
    CHECK(biases[2] - biases[0] == Approx(0).margin(0.01));
  }
  const std::vector<float> lowered = fit_biases(greedy, labels, light);
  CHECK(lowered[2] < lowered[0] - 3);
}

TEST_CASE("a bias is shrunk when its class has only one or two images", "[engine][eval]") {
  // Every image of the third class is predicted as the first, which has enough images.
  const auto moved = [](int times) {
    std::vector<std::vector<float>> rows(400, {4, 0, 0});
    std::vector<int> labels(400, 0);
    for (int i = 0; i < 400; ++i) {
      rows.push_back({0, 4, 0});
      labels.push_back(1);
    }
    for (int i = 0; i < times; ++i) {
      rows.push_back({2, 0, 1});
      labels.push_back(2);
    }
    const std::vector<double> weights{1, 1, std::sqrt(400.0 / times)};
    const std::vector<float> biases = fit_biases(table(rows), labels, weights);
    return biases[2] - biases[0];
  };
  CHECK(moved(2) > 0);
  CHECK(moved(2) < 2);
  CHECK(moved(200) > 2 * moved(2));
}

TEST_CASE("fitting biases rejects sizes and labels that do not match", "[engine][eval]") {
  const Tensor logits = table({{1, 0, 3}, {0, 1, 3}});
  const std::vector<int> labels{0, 1};
  const std::vector<double> weights{1, 1, 1};
  CHECK_THROWS_AS(fit_biases(logits, std::vector<int>{0}, weights), ShapeError);
  CHECK_THROWS_AS(fit_biases(logits, std::vector<int>{0, 3}, weights), ShapeError);
  CHECK_THROWS_AS(fit_biases(logits, labels, std::vector<double>{1, 1}), ShapeError);
}
