#include "engine/retrain/head_fit.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/model/presets.h"
#include "engine/retrain/feature_replay.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

constexpr double kRidge = 1e-3;

// A random head of 3 features and 2 classes.
Network small_network() {
  NetworkSpec spec{{1, 1, 1, 3}, {{FlattenSpec{}}, {DenseSpec{2}}}};
  Network network(spec);
  network.initialise(3);
  network.head_bias()->value.data()[1] = 0.5f;
  return network;
}

HeadTrainingSet small_set(int rows) {
  HeadTrainingSet set;
  set.features = Tensor({rows, 1, 1, 3});
  set.targets = Tensor({rows, 1, 1, 2});
  Rng rng(4);
  for (int i = 0; i < rows; ++i) {
    const int label = i % 2;
    for (int d = 0; d < 3; ++d) {
      set.features.image(i)[d] = rng.normal() + (d == label ? Scalar{1} : Scalar{0});
    }
    const Scalar p = i % 3 == 0 ? Scalar{0.7f} : Scalar{1};  // some targets are soft
    set.targets.image(i)[label] = p;
    set.targets.image(i)[1 - label] = 1 - p;
    set.weights.push_back(1 + label);
  }
  return set;
}

// The objective of head_fit.h, computed independently.
double objective(const HeadTrainingSet& set, const std::vector<double>& head,
                 const std::vector<double>& start) {
  double loss = 0, weights = 0;
  for (int i = 0; i < set.features.shape().n; ++i) {
    double z[2] = {head[6], head[7]};
    for (int d = 0; d < 3; ++d) {
      for (int j = 0; j < 2; ++j) z[j] += set.features.image(i)[d] * head[std::size_t(d * 2 + j)];
    }
    const double total = std::exp(z[0]) + std::exp(z[1]);
    const double w = set.weights[std::size_t(i)];
    for (int j = 0; j < 2; ++j) {
      loss -= w * set.targets.image(i)[j] * std::log(std::exp(z[j]) / total);
    }
    weights += w;
  }
  double moved = 0;
  for (std::size_t k = 0; k < 8; ++k) moved += (head[k] - start[k]) * (head[k] - start[k]);
  return loss / weights + kRidge * moved;
}

std::vector<double> head_of(Network& network) {
  const auto weight = network.head_weight().value.values();
  std::vector<double> head(weight.begin(), weight.end());
  for (const Scalar b : network.head_bias()->value.values()) head.push_back(b);
  return head;
}

}  // namespace

TEST_CASE("a fitted head is at the minimum of its objective", "[engine][retrain]") {
  Network network = small_network();
  const HeadTrainingSet set = small_set(300);
  const std::vector<double> start = head_of(network);
  HeadFit fit(network, set, kRidge, 2);
  const double value = fit.run(200);
  CHECK(fit.converged());
  const std::vector<double> head = head_of(network);
  CHECK(value == Approx(objective(set, head, start)).epsilon(1e-6));
  CHECK(value < objective(set, start, start) - 0.05);
  for (std::size_t k = 0; k < 8; ++k) {
    for (const double step : {-0.01, 0.01}) {
      std::vector<double> other = head;
      other[k] += step;
      CHECK(objective(set, other, start) > value);
    }
  }
}

TEST_CASE("a fitted head has the same bits on any number of threads and in several calls",
          "[engine][retrain]") {
  const HeadTrainingSet set = small_set(1000);
  std::vector<std::vector<double>> heads;
  for (const int threads : {1, 3}) {
    for (const int calls : {1, 5}) {
      Network network = small_network();
      HeadFit fit(network, set, kRidge, threads);
      for (int i = 0; i < calls; ++i) fit.run(20 / calls);
      heads.push_back(head_of(network));
    }
  }
  for (const auto& head : heads) CHECK(head == heads[0]);
}

TEST_CASE("head fitting rejects empty and inconsistent training sets", "[engine][retrain]") {
  Network network = small_network();
  HeadTrainingSet set = small_set(10);
  set.weights.pop_back();
  CHECK_THROWS_AS(HeadFit(network, set, kRidge, 1), ShapeError);
  set = {};
  CHECK_THROWS_AS(HeadFit(network, set, kRidge, 1), ShapeError);
  set = small_set(10);
  set.features.data()[4] = NAN;
  CHECK_THROWS_AS(HeadFit(network, set, kRidge, 1), FormatError);
}

TEST_CASE("sampled features have the mean and covariance of their class", "[engine][retrain]") {
  FeatureStatistics statistics;
  statistics.classes = {"a", "empty", "b"};
  statistics.dim = 2;
  statistics.counts = {100'000, 0, 1};
  statistics.means = Tensor({3, 1, 1, 2});
  statistics.covariances = Tensor({3, 2, 1, 2});
  statistics.means.image(0)[0] = 3;
  statistics.means.image(2)[1] = -2;
  const Scalar covariance[] = {4, 1.2f, 1.2f, 1};
  std::copy_n(covariance, 4, statistics.covariances.image(0));
  std::vector<int> labels;
  constexpr int kCount = 40'000;
  const Tensor samples = sample_features(statistics, kCount, Rng(9), labels);
  REQUIRE(samples.shape() == Shape{2 * kCount, 1, 1, 2});
  CHECK(labels.front() == 0);
  CHECK(labels.back() == 2);
  // The class with one image has no covariance and gets the pooled one.
  for (const int c : {0, 1}) {
    double mean[2] = {}, square[3] = {};
    for (int i = c * kCount; i < (c + 1) * kCount; ++i) {
      for (int d = 0; d < 2; ++d) mean[d] += samples.image(i)[d] / kCount;
    }
    for (int i = c * kCount; i < (c + 1) * kCount; ++i) {
      const double x = samples.image(i)[0] - mean[0], y = samples.image(i)[1] - mean[1];
      square[0] += x * x / kCount;
      square[1] += x * y / kCount;
      square[2] += y * y / kCount;
    }
    CHECK(mean[0] == Approx(c == 0 ? 3 : 0).margin(0.05));
    CHECK(mean[1] == Approx(c == 0 ? 0 : -2).margin(0.05));
    const double shrunk = c == 0 ? 1 : 2.0 / 3;  // (1 * 0 + 2 * mean) / 3
    CHECK(square[0] == Approx(4 * shrunk).epsilon(0.05));
    CHECK(square[1] == Approx(1.2 * shrunk).epsilon(0.05));
    CHECK(square[2] == Approx(1 * shrunk).epsilon(0.05));
  }
  std::vector<int> again;
  const Tensor same = sample_features(statistics, kCount, Rng(9), again);
  CHECK(std::equal(samples.values().begin(), samples.values().end(), same.values().begin()));
}

TEST_CASE("constant features are sampled as constants", "[engine][retrain]") {
  FeatureStatistics statistics;
  statistics.classes = {"a"};
  statistics.dim = 2;
  statistics.counts = {50};
  statistics.means = Tensor({1, 1, 1, 2});
  statistics.means.fill(1);
  statistics.covariances = Tensor({1, 2, 1, 2});
  std::vector<int> labels;
  const Tensor samples = sample_features(statistics, 10, Rng(1), labels);
  for (const Scalar x : samples.values()) CHECK(x == Approx(1).margin(1e-4));
}
