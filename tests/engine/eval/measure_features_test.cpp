#include "engine/eval/measure_features.h"

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

Tensor rows(const std::vector<std::vector<double>>& values) {
  Tensor t({int(values.size()), 1, 1, int(values[0].size())});
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values[i].size(); ++j) {
      t.image(int(i))[j] = static_cast<Scalar>(values[i][j]);
    }
  }
  return t;
}

}  // namespace

TEST_CASE("means and covariances are exact and the first vectors of each class are held out",
          "[engine][eval]") {
  const Tensor x = rows({{1, 0}, {3, 2}, {10, 5}, {10, 7}, {10, 9}});
  const Tensor held = rows({{1, 1}, {2, 2}, {3, 3}, {4, 4}});
  FeatureStatisticsOptions options;
  options.held_out_per_class = 2;
  const FeatureStatistics b = measure_feature_statistics({"a", "none", "b"}, x, {0, 0, 2, 2, 2},
                                                         held, {2, 2, 2, 0}, options);
  CHECK(b.counts == std::vector<std::int64_t>{2, 0, 3});
  CHECK(b.means.image(0)[0] == 2);
  CHECK(b.means.image(1)[0] == 0);
  CHECK(b.means.image(2)[1] == 7);
  for (const int i : {0, 1, 2, 3}) CHECK(b.covariances.image(0)[i] == 2);
  for (const int i : {0, 1, 2, 3}) CHECK(b.covariances.image(1)[i] == 0);
  for (const int i : {0, 1, 2, 3}) CHECK(b.covariances.image(2)[i] == (i == 3 ? 4 : 0));
  CHECK(b.labels == std::vector<int>{2, 2, 0});
  CHECK(b.holdout.image(2)[0] == 4);
  CHECK_THROWS_WITH(measure_feature_statistics({"a"}, x, {0, 0, 1, 0, 0}, held, {0, 0, 0, 0}),
                    ContainsSubstring("label 1 is not below 1"));
  CHECK_THROWS_WITH(measure_feature_statistics({"a"}, x, {0}, held, {}),
                    ContainsSubstring("5 vectors for 1"));
}

TEST_CASE("merged feature statistics are those of all images", "[engine][eval]") {
  Rng rng(4);
  const auto draw = [&rng](int n) {
    Tensor t({n, 1, 1, 3});
    for (Scalar& x : t.values()) x = rng.normal();
    return t;
  };
  const Tensor first = draw(20), second = draw(30);
  std::vector<int> labels1, labels2, all_labels;  // classes a, b; then b, c
  Tensor all({50, 1, 1, 3});
  std::copy_n(first.data(), 60, all.data());
  std::copy_n(second.data(), 90, all.data() + 60);
  for (int i = 0; i < 20; ++i) labels1.push_back(i % 2), all_labels.push_back(i % 2);
  for (int i = 0; i < 30; ++i) labels2.push_back(i % 2), all_labels.push_back(1 + i % 2);
  FeatureStatisticsOptions options;
  const Tensor none({0, 1, 1, 3});
  const FeatureStatistics a =
      measure_feature_statistics({"a", "b"}, first, labels1, draw(1), {1}, options);
  const FeatureStatistics b =
      measure_feature_statistics({"b", "c"}, second, labels2, draw(2), {0, 1}, options);
  const FeatureStatistics merged = merge_feature_statistics(a, b, {"a", "b", "c"}, options);
  const FeatureStatistics expected =
      measure_feature_statistics({"a", "b", "c"}, all, all_labels, none, {}, options);
  CHECK(merged.counts == expected.counts);
  for (int i = 0; i < 9; ++i) {
    CHECK(merged.means.data()[i] == Approx(expected.means.data()[i]).margin(1e-5));
  }
  for (int i = 0; i < 27; ++i) {
    CHECK(merged.covariances.data()[i] == Approx(expected.covariances.data()[i]).margin(1e-5));
  }
  CHECK(merged.labels == std::vector<int>{1, 1, 2});
  CHECK(merged.holdout.image(1)[0] == b.holdout.image(0)[0]);
  CHECK_THROWS_WITH(merge_feature_statistics(a, b, {"a", "b"}),
                    ContainsSubstring("does not know: c"));
}
