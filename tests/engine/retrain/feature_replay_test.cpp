#include "engine/retrain/feature_replay.h"

#include "tests/support/catch.h"

using namespace fovea;

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
