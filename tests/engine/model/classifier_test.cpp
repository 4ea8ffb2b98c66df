#include "engine/model/classifier.h"

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
