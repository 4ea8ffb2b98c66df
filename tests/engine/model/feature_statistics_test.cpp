#include "engine/model/feature_statistics.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

FeatureStatistics example() {
  FeatureStatistics bundle;
  bundle.classes = {"cat", "dog", "new one"};
  bundle.dim = 2;
  bundle.counts = {5, 7, 0};
  bundle.means = Tensor({3, 1, 1, 2});
  bundle.covariances = Tensor({3, 2, 1, 2});
  bundle.holdout = Tensor({4, 1, 1, 2});
  Rng rng(3);
  for (Scalar& x : bundle.means.values()) x = rng.normal();
  for (Scalar& x : bundle.holdout.values()) x = rng.normal();
  for (const int c : {0, 1}) {
    Scalar* covariance = bundle.covariances.image(c);
    covariance[0] = 2 + static_cast<Scalar>(c);
    covariance[1] = covariance[2] = 0.25f;
    covariance[3] = 1;
  }
  bundle.labels = {0, 1, 1, 0};
  bundle.evaluation = R"({"metrics":{"accuracy":0.5}})";
  bundle.data = "images";
  bundle.data_revision = "abc";
  bundle.weights_sha256 = std::string(64, 'a');
  return bundle;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::equal(a.values().begin(), a.values().end(), b.values().begin());
}

}  // namespace

TEST_CASE("feature statistics survive writing and reading", "[engine][model]") {
  const FeatureStatistics before = example();
  const FeatureStatistics after = read_feature_statistics(write_feature_statistics(before));
  CHECK(after.classes == before.classes);
  CHECK(after.dim == 2);
  CHECK(after.counts == before.counts);
  CHECK(same(after.means, before.means));
  CHECK(same(after.covariances, before.covariances));
  CHECK(same(after.holdout, before.holdout));
  CHECK(after.labels == before.labels);
  CHECK(after.evaluation == before.evaluation);
  CHECK(after.data == "images");
  CHECK(after.data_revision == "abc");
  CHECK(after.weights_sha256 == before.weights_sha256);
}

TEST_CASE("half precision does not apply to means and to numbers beyond its range",
          "[engine][model]") {
  FeatureStatistics bundle = example();
  const auto bytes = write_feature_statistics(bundle, true);
  CHECK(bytes.size() < write_feature_statistics(bundle).size());
  const FeatureStatistics small = read_feature_statistics(bytes);
  CHECK(same(small.means, bundle.means));
  for (int i = 0; i < 8; ++i) {
    CHECK(small.holdout.data()[i] == Approx(bundle.holdout.data()[i]).epsilon(1e-3));
  }
  bundle.holdout.data()[5] = 70000;
  CHECK(same(read_feature_statistics(write_feature_statistics(bundle, true)).holdout,
             bundle.holdout));
}

TEST_CASE("every truncation and every changed byte of feature statistics is rejected",
          "[engine][model]") {
  const auto bytes = write_feature_statistics(example(), true);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(read_feature_statistics(std::span(bytes).first(size)), FormatError);
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto damaged = bytes;
    damaged[at] ^= 1;
    CHECK_THROWS_AS(read_feature_statistics(damaged), FormatError);
  }
}

TEST_CASE("inconsistent feature statistics are rejected with the reason", "[engine][model]") {
  const auto refused = [](auto change, const char* reason) {
    FeatureStatistics bundle = example();
    change(bundle);
    CHECK_THROWS_WITH(write_feature_statistics(bundle), ContainsSubstring(reason));
  };
  refused([](auto& b) { b.classes[1] = "cat"; }, "class \"cat\" appears twice");
  refused([](auto& b) { b.counts.pop_back(); }, "2 counts for 3 classes");
  refused([](auto& b) { b.counts[0] = -1; }, "the count of a class is -1");
  refused([](auto& b) { b.means = Tensor({2, 1, 1, 2}); }, "means has shape 2x1x1x2");
  refused([](auto& b) { b.covariances.data()[5] = 1; }, "of class dog is not symmetric at 1, 0");
  refused([](auto& b) { b.covariances.data()[0] = -1; }, "the variance of feature 0 of class cat");
  refused([](auto& b) { b.holdout.data()[3] = NAN; }, "held_out holds nan at position 3");
  refused([](auto& b) { b.labels[2] = 3; }, "label 3 is not below 3");
  refused([](auto& b) { b.labels.pop_back(); }, "held_out has shape 4x1x1x2, not 3x1x1x2");
  refused([](auto& b) { b.evaluation = "[1]"; }, "the evaluation is not a JSON object");
  refused([](auto& b) { b.evaluation = "{"; }, "feature statistics: evaluation");
  refused([](auto& b) { b.weights_sha256 = "A"; }, "not 64 hex digits");
}
