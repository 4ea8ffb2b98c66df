#include "engine/fit/head_fit.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/model/presets.h"
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

TEST_CASE("a fitted head is at the minimum of its objective", "[engine][fit]") {
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
          "[engine][fit]") {
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

TEST_CASE("head fitting rejects empty and inconsistent training sets", "[engine][fit]") {
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
