#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/dense.h"
#include "engine/nn/dropout.h"
#include "engine/nn/loss.h"
#include "engine/nn/pool.h"
#include "tests/support/catch.h"
#include "tests/support/reference.h"

using namespace fovea;
using test::fill_normal;

TEST_CASE("batch norm in training normalises every channel to mean 0 and variance 1",
          "[engine][nn]") {
  Rng rng(1);
  Tensor x({4, 6, 6, 5}), y(x.shape());
  fill_normal(x, rng);
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = 3 * x.data()[i] + float(i % 5);
  BatchNorm norm(5, 1e-5f, 0.1f, "0");
  norm.forward(x, y, rng);
  for (int c = 0; c < 5; ++c) {
    double sum = 0, squares = 0;
    const int rows = 4 * 6 * 6;
    for (int r = 0; r < rows; ++r) {
      sum += y.data()[r * 5 + c];
      squares += double{y.data()[r * 5 + c]} * y.data()[r * 5 + c];
    }
    CHECK(std::abs(sum / rows) < 1e-5);
    CHECK(std::abs(squares / rows - 1) < 1e-4);
  }
}

TEST_CASE("batch-norm statistics stay exact for long rows of large numbers", "[engine][nn]") {
  // A mean of 1000 and a deviation of 1 over 100,000 rows: one-pass sums in float are too inexact.
  Rng rng(2);
  Tensor x({100, 32, 32, 1}), y(x.shape());
  for (Scalar& value : x.values()) value = 1000 + rng.normal();
  BatchNorm norm(1, 1e-5f, 1.0f, "0");
  norm.forward(x, y, rng);
  CHECK(norm.buffers()[0]->batch.data()[0] == Approx(1000).margin(0.02));
  CHECK(norm.buffers()[1]->batch.data()[0] == Approx(1).margin(0.02));
}

TEST_CASE("dropout keeps the mean and drops the given fraction and is a function of the key",
          "[engine][nn]") {
  constexpr int kCount = 200'000;
  Tensor x({1, 1, 1, kCount}), y(x.shape()), again(x.shape()), other(x.shape());
  x.fill(1);
  for (float rate : {0.1f, 0.5f, 0.8f}) {
    Dropout dropout(rate);
    dropout.forward(x, y, Rng(3));
    dropout.forward(x, again, Rng(3));
    dropout.forward(x, other, Rng(4));
    CHECK(std::ranges::equal(y.values(), again.values()));
    CHECK_FALSE(std::ranges::equal(y.values(), other.values()));
    const double dropped = double(std::ranges::count(y.values(), 0.0f)) / kCount;
    const double sigma = std::sqrt(rate * (1 - rate) / kCount);
    CHECK(std::abs(dropped - rate) < 4 * sigma);
    double sum = 0;
    for (Scalar value : y.values()) sum += value;
    CHECK(std::abs(sum / kCount - 1) < 4 * sigma / (1 - rate));
  }
}

TEST_CASE("dropout does nothing in inference and at rate 0", "[engine][nn]") {
  Rng rng(5);
  Tensor x({2, 3, 3, 4}), y(x.shape());
  fill_normal(x, rng);
  Scratch scratch;
  Dropout(0.5f).infer(x, y, scratch);
  CHECK(std::ranges::equal(x.values(), y.values()));
  Dropout none(0.0f);
  none.forward(x, y, rng);
  CHECK(std::ranges::equal(x.values(), y.values()));
}

TEST_CASE("max pooling takes the maximum and drops rows that do not fill a window",
          "[engine][nn]") {
  Tensor x({1, 3, 4, 1}), y({1, 1, 2, 1});
  const float values[] = {1, 2, 3, 4, 5, 9, -1, 0, 99, 99, 99, 99};
  std::copy_n(values, 12, x.data());
  Scratch scratch;
  MaxPool pool(2);
  REQUIRE(pool.output_shape(x.shape()) == y.shape());
  pool.infer(x, y, scratch);
  CHECK(y.data()[0] == 9);
  CHECK(y.data()[1] == 4);
}

TEST_CASE("the loss of equal logits is log k and its gradient sums to zero", "[engine][nn]") {
  Tensor logits({3, 1, 1, 4}), dlogits;
  const std::vector<int> labels{0, 1, 3};
  CHECK(softmax_cross_entropy(logits, labels, {}, dlogits, 1) == Approx(3 * std::log(4.0)));
  for (int i = 0; i < 3; ++i) {
    double sum = 0;
    for (int j = 0; j < 4; ++j) sum += dlogits.image(i)[j];
    CHECK(std::abs(sum) < 1e-7);
  }
}

TEST_CASE("the loss is finite for logits that overflow exp", "[engine][nn]") {
  Tensor logits({1, 1, 1, 3}), dlogits;
  logits.data()[0] = 10'000;
  logits.data()[1] = -10'000;
  const std::vector<int> labels{1};
  CHECK(softmax_cross_entropy(logits, labels, {}, dlogits, 1) == Approx(20'000));
  for (Scalar value : dlogits.values()) CHECK(std::isfinite(value));
}

TEST_CASE("layers reject invalid shapes and options naming the numbers", "[engine][nn]") {
  CHECK_THROWS_WITH(Conv2d({.in = 3, .out = 4}, "0").output_shape({1, 8, 8, 5}),
                    ContainsSubstring("3 input channels") && ContainsSubstring("8x8x5"));
  CHECK_THROWS_AS(
      Conv2d({.in = 3, .out = 4, .kernel = 5, .pad = 0}, "0").output_shape({1, 4, 8, 3}),
      ShapeError);
  CHECK_THROWS_AS(Conv2d({.in = 3, .out = 0}, "0"), ConfigError);
  CHECK_THROWS_WITH(Dense(7, 2, true, "0").output_shape({1, 1, 1, 6}),
                    ContainsSubstring("7 inputs"));
  CHECK_THROWS_WITH(Dropout(1.0f), ContainsSubstring("rate"));
  CHECK_THROWS_WITH(MaxPool(4).output_shape({1, 3, 9, 1}), ContainsSubstring("3x9x1"));
  Tensor logits({1, 1, 1, 3}), dlogits;
  const std::vector<int> labels{3};
  CHECK_THROWS_WITH(softmax_cross_entropy(logits, labels, {}, dlogits, 1),
                    ContainsSubstring("label 3"));
}
