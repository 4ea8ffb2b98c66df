#include "engine/model/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/model/model_file.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

Model small_model() {
  NetworkSpec spec;
  spec.input = {1, 8, 8, 3};
  spec.layers = {{Conv2dSpec{4}},  {BatchNormSpec{}}, {ReluSpec{}},
                 {MaxPoolSpec{2}}, {FlattenSpec{}},   {DenseSpec{5}}};
  Model model{Network(spec), {}, {"a", "b", "c", "d", "e"}, 2.0f, {}};
  model.network.initialise(3);
  Rng rng(4);
  for (Buffer* buffer : model.network.buffers()) {
    for (Scalar& x : buffer->value.values()) x = rng.uniform(0.5f, 2.0f);
  }
  model.preprocess.size = 8;
  return model;
}

// Ends in a global average, dropout and a dense layer with a bias.
Model mapped_model() {
  NetworkSpec spec;
  spec.input = {1, 8, 8, 3};
  spec.layers = {{Conv2dSpec{6}},      {BatchNormSpec{}}, {ReluSpec{}},
                 {MaxPoolSpec{2}},     {Conv2dSpec{7}},   {GlobalAvgPoolSpec{}},
                 {DropoutSpec{0.25f}}, {FlattenSpec{}},   {DenseSpec{5, true}}};
  Model model{Network(spec), {}, {"a", "b", "c", "d", "e"}, 1.0f, {}};
  model.network.initialise(6);
  Rng rng(7);
  for (Scalar& x : model.network.head_bias()->value.values()) x = rng.normal();
  model.preprocess.size = 8;
  return model;
}

Tensor opposite(const Tensor& x) {
  Tensor result(x.shape());
  std::transform(x.values().begin(), x.values().end(), result.data(), [](Scalar v) { return -v; });
  return result;
}

Tensor random_input(int n) {
  Tensor x({n, 8, 8, 3});
  Rng rng(5);
  for (Scalar& value : x.values()) value = rng.normal();
  return x;
}

Tensor row(const std::vector<Scalar>& values) {
  Tensor t({1, 1, 1, static_cast<int>(values.size())});
  std::copy(values.begin(), values.end(), t.data());
  return t;
}

}  // namespace

TEST_CASE("softmax gives probabilities for huge logits and in place", "[engine][model]") {
  Tensor p = row({1000, 1001, -1000});
  softmax(p, 1, p);
  CHECK(p.data()[1] == Approx(1 / (1 + std::exp(-1.0))));
  CHECK(p.data()[0] + p.data()[1] + p.data()[2] == Approx(1));
  CHECK(p.data()[2] == 0);
}

TEST_CASE("a temperature above one lowers the confidence and keeps the predicted class",
          "[engine][model]") {
  const Tensor logits = row({1, 3, 2});
  Tensor sharp, soft;
  softmax(logits, 0.5f, sharp);
  softmax(logits, 4, soft);
  CHECK(sharp.data()[1] > soft.data()[1]);
  CHECK(soft.data()[1] > soft.data()[2]);
  CHECK(soft.data()[0] / soft.data()[1] == Approx(std::exp(-0.5)));
  CHECK_THROWS_AS(softmax(logits, 0, soft), ConfigError);
}

TEST_CASE("top_k orders by probability and then by index", "[engine][model]") {
  const std::vector<Scalar> p{0.1f, 0.3f, 0.2f, 0.3f, 0.1f};
  CHECK(top_k(p, 3) == std::vector<int>{1, 3, 2});
  CHECK(top_k(p, 99) == std::vector<int>{1, 3, 2, 0, 4});
  CHECK(top_k(p, 0).empty());
  CHECK(top_k(p, -1).empty());
}

TEST_CASE("a classifier gives the probabilities of the network in its model file",
          "[engine][model]") {
  const Model model = small_model();
  const auto bytes = write_model(model);
  const Classifier classifier(bytes);
  CHECK(classifier.classes() == model.classes);
  CHECK(classifier.weights_sha256() == weights_sha256(bytes));
  const Tensor x = random_input(6);
  Tensor answer, expected;
  Scratch scratch;
  classifier.predict(x, answer, scratch);
  model.network.infer(x, expected, scratch);
  softmax(expected, model.temperature, expected);
  REQUIRE(answer.shape() == Shape{6, 1, 1, 5});
  for (int n = 0; n < 6; ++n) {
    CHECK(std::accumulate(answer.image(n), answer.image(n) + 5, 0.0) == Approx(1));
    for (int c = 0; c < 5; ++c) CHECK(std::abs(answer.image(n)[c] - expected.image(n)[c]) < 1e-6);
  }
}

TEST_CASE("one classifier serves several threads concurrently", "[engine][model]") {
  const Classifier classifier(write_model(small_model()));
  const Tensor x = random_input(4);
  Tensor expected;
  Scratch scratch;
  classifier.predict(x, expected, scratch);
  std::vector<int> wrong(16);
  parallel_for(16, 4, [&](int i, int) {
    Scratch mine;
    Tensor answer;
    classifier.predict(x, answer, mine);
    wrong[static_cast<std::size_t>(i)] =
        !std::equal(answer.values().begin(), answer.values().end(), expected.values().begin());
  });
  CHECK(std::accumulate(wrong.begin(), wrong.end(), 0) == 0);
}

TEST_CASE("a classifier rejects input of another size", "[engine][model]") {
  const Classifier classifier(write_model(small_model()));
  Tensor p;
  Scratch scratch;
  CHECK_THROWS_AS(classifier.predict(Tensor({1, 9, 8, 3}), p, scratch), ShapeError);
}

TEST_CASE("overflowing weights give an error instead of probabilities that are not finite",
          "[engine][model]") {
  Model model = small_model();
  for (Param* param : model.network.params()) {
    if (param->layout == Layout::dense) param->value.fill(3e38f);
  }
  const Classifier classifier(write_model(model));
  Tensor p;
  Scratch scratch;
  CHECK_THROWS_WITH(classifier.predict(random_input(1), p, scratch),
                    ContainsSubstring("not finite"));
}

TEST_CASE("a model with references measures distances and classifies as without them",
          "[engine][model]") {
  Model model = mapped_model();
  const Tensor x = random_input(6);
  Scratch scratch;
  Tensor plain, answer, distances, features;
  Classifier(write_model(model)).predict(x, plain, scratch, &distances);
  CHECK(distances.empty());
  model.network.infer_features(x, features, scratch);
  model.novelty = {.references = features.clone(), .threshold = 0.01f, .false_alarms = 0.05f};
  normalise_features(model.novelty.references);
  const Classifier classifier(write_model(model));
  REQUIRE(classifier.recognises_unknown());
  classifier.predict(x, answer, scratch, &distances);
  REQUIRE(distances.shape() == Shape{6, 1, 1, 1});
  for (const Scalar distance : distances.values()) CHECK_FALSE(classifier.is_unknown(distance));
  for (int i = 0; i < 30; ++i) CHECK(answer.data()[i] == Approx(plain.data()[i]).margin(1e-6));
  classifier.predict(opposite(x), answer, scratch, &distances);
  for (const Scalar distance : distances.values()) CHECK(classifier.is_unknown(distance));
}

TEST_CASE("the mean of an activation map and the bias are the logit", "[engine][model]") {
  const Model model = mapped_model();
  const Classifier classifier(write_model(model));
  REQUIRE(classifier.can_explain());
  const Tensor x = random_input(1);
  Scratch scratch;
  Tensor logits;
  model.network.infer(x, logits, scratch);
  Model copy = mapped_model();
  const Scalar* bias = copy.network.head_bias()->value.data();
  for (int label = 0; label < 5; ++label) {
    const Tensor map = classifier.explain(x, label, scratch);
    REQUIRE(map.shape() == Shape{1, 4, 4, 1});
    const double mean = std::accumulate(map.data(), map.data() + 16, 0.0) / 16;
    CHECK(mean + bias[label] == Approx(logits.data()[label]).margin(1e-5));
  }
  CHECK_THROWS_WITH(classifier.explain(x, 5, scratch), ContainsSubstring("no class 5"));
  CHECK_THROWS_AS(classifier.explain(Tensor({1, 9, 8, 3}), 0, scratch), ShapeError);
}

TEST_CASE("a network that does not end in an average cannot explain", "[engine][model]") {
  const Classifier classifier(write_model(small_model()));
  Scratch scratch;
  CHECK_FALSE(classifier.can_explain());
  CHECK_THROWS_AS(classifier.explain(random_input(1), 0, scratch), ConfigError);
}
