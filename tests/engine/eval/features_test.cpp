#include "engine/eval/features.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/eval/evaluate.h"
#include "engine/model/fold.h"
#include "engine/model/presets.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

TrainingSet noise(int count, int size, std::vector<std::string> classes) {
  TrainingSet set;
  set.size = size;
  set.classes = std::move(classes);
  Rng rng(2);
  for (int i = 0; i < count; ++i) set.labels.push_back(i % int(set.classes.size()));
  for (int i = 0; i < count * size * size * 3; ++i) {
    set.pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
  }
  return set;
}

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

TEST_CASE("the head on the features gives the network's logits, for both presets and when folded") {
  for (const char* preset : {"tiny", "small"}) {
    Network network(preset_network(preset, 16, 3));
    network.initialise(1);
    Preprocess preprocess;
    preprocess.size = 16;
    const TrainingSet set = noise(37, 16, {"a", "b", "c"});
    const Network folded = fold_batch_norm(network);
    for (const Network* net : std::initializer_list<const Network*>{&network, &folded}) {
      const Tensor one = evaluate_features(*net, preprocess, set, 1);
      const Tensor two = evaluate_features(*net, preprocess, set, 2);
      REQUIRE(one.shape() == Shape{37, 1, 1, std::string(preset) == "tiny" ? 64 : 128});
      CHECK(std::equal(one.values().begin(), one.values().end(), two.values().begin()));
      const Tensor logits = apply_head(*net, one);
      const Tensor direct = evaluate_logits(*net, preprocess, set, 1);
      REQUIRE(logits.shape() == direct.shape());
      CHECK(std::equal(logits.values().begin(), logits.values().end(), direct.values().begin()));
    }
  }
}

TEST_CASE("features need a Dense layer at the end and vectors of its size") {
  NetworkSpec spec{{1, 8, 8, 3}, {{Conv2dSpec{4}}, {GlobalAvgPoolSpec{}}, {FlattenSpec{}}}};
  Scratch scratch;
  Tensor features;
  const Network headless(spec);
  CHECK_THROWS_WITH(headless.infer_features(Tensor({1, 8, 8, 3}), features, scratch),
                    ContainsSubstring("no Dense layer"));
  spec.layers.push_back({DenseSpec{2}});
  const Network network(spec);
  CHECK(network.feature_dim() == 4);
  CHECK_THROWS_WITH(apply_head(network, Tensor({2, 1, 1, 5})), ContainsSubstring("1x1x4"));
  CHECK_THROWS_WITH(evaluate_features(network, {}, noise(2, 8, {"a"}), 1),
                    ContainsSubstring("pictures of 8 pixels, the model takes 32"));
}

TEST_CASE("means and pooled covariance are the textbook's, held-out vectors the first of a class") {
  const Tensor x = rows({{1, 0}, {3, 2}, {10, 5}, {10, 7}, {10, 9}});
  const Tensor held = rows({{1, 1}, {2, 2}, {3, 3}, {4, 4}});
  BundleOptions options;
  options.ridge = 0;
  options.held_out_per_class = 2;
  const FeatureBundle b =
      make_bundle({"a", "none", "b"}, x, {0, 0, 2, 2, 2}, held, {2, 2, 2, 0}, options);
  CHECK(b.counts == std::vector<std::int64_t>{2, 0, 3});
  CHECK(b.means.image(0)[0] == 2);
  CHECK(b.means.image(1)[0] == 0);
  CHECK(b.means.image(2)[1] == 7);
  // Scatter: {2, 2, 2} of a, {0, 0, 8} of b; 5 pictures less 2 means.
  CHECK(b.covariance.data()[0] == Approx(2.0 / 3));
  CHECK(b.covariance.data()[1] == Approx(2.0 / 3));
  CHECK(b.covariance.data()[2] == Approx(2.0 / 3));
  CHECK(b.covariance.data()[3] == Approx(10.0 / 3));
  CHECK(b.labels == std::vector<int>{2, 2, 0});
  CHECK(b.held_out.image(2)[0] == 4);
  options.ridge = 0.1;  // of the mean variance, 2
  const FeatureBundle r =
      make_bundle({"a", "none", "b"}, x, {0, 0, 2, 2, 2}, held, {2, 2, 2, 0}, options);
  CHECK(r.covariance.data()[0] == Approx(2.0 / 3 + 0.2));
  CHECK(r.covariance.data()[1] == Approx(2.0 / 3));
  CHECK_THROWS_WITH(make_bundle({"a"}, x, {0, 0, 1, 0, 0}, held, {0, 0, 0, 0}),
                    ContainsSubstring("label 1 is not below 1"));
  CHECK_THROWS_WITH(make_bundle({"a"}, x, {0}, held, {}), ContainsSubstring("5 vectors for 1"));
}

TEST_CASE("two bundles merged are the bundle of all their pictures") {
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
  BundleOptions options;
  options.ridge = 0;
  const Tensor none({0, 1, 1, 3});
  const FeatureBundle a = make_bundle({"a", "b"}, first, labels1, draw(1), {1}, options);
  const FeatureBundle b = make_bundle({"b", "c"}, second, labels2, draw(2), {0, 1}, options);
  const FeatureBundle merged = merge_bundles(a, b, {"a", "b", "c"}, options);
  const FeatureBundle expected = make_bundle({"a", "b", "c"}, all, all_labels, none, {}, options);
  CHECK(merged.counts == expected.counts);
  for (int i = 0; i < 9; ++i) {
    CHECK(merged.means.data()[i] == Approx(expected.means.data()[i]).margin(1e-5));
  }
  for (int i = 0; i < 9; ++i) {
    CHECK(merged.covariance.data()[i] == Approx(expected.covariance.data()[i]).margin(1e-5));
  }
  CHECK(merged.labels == std::vector<int>{1, 1, 2});
  CHECK(merged.held_out.image(1)[0] == b.held_out.image(0)[0]);
  CHECK_THROWS_WITH(merge_bundles(a, b, {"a", "b"}), ContainsSubstring("does not know: c"));
}

TEST_CASE("labels are matched to the model's classes by name") {
  TrainingSet set = noise(4, 8, {"dog", "cat"});
  match_classes(set, {"bird", "cat", "dog"});
  CHECK(set.labels == std::vector<int>{2, 1, 2, 1});
  CHECK_THROWS_WITH(match_classes(set, {"bird", "dog"}),
                    ContainsSubstring("does not know: cat (the model knows: bird, dog)"));
}
