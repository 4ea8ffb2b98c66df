#include "engine/train/micro_batches.h"

#include <algorithm>

#include "engine/model/network.h"
#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("split_range covers all items once with sizes that differ by at most one",
          "[engine][train]") {
  for (const int count : {1, 2, 31, 33, 64, 90, 1000, 45000}) {
    for (const int max_size : {1, 2, 7, 32, 128}) {
      int at = 0, smallest = count, largest = 0;
      for (int i = 0; i < ceil_div(count, max_size); ++i) {
        const IndexRange range = split_range(count, max_size, i);
        CHECK(range.begin == at);
        at = range.end;
        smallest = std::min(smallest, range.end - range.begin);
        largest = std::max(largest, range.end - range.begin);
      }
      CHECK(at == count);
      CHECK(largest <= max_size);
      CHECK(largest - smallest <= 1);
    }
  }
}

TEST_CASE("each epoch has its own permutation of the images", "[engine][train]") {
  std::vector<int> a, b, c;
  epoch_order(1, 0, 100, a);
  epoch_order(1, 0, 100, b);
  epoch_order(1, 1, 100, c);
  CHECK(a == b);
  CHECK(a != c);
  std::sort(c.begin(), c.end());
  for (int i = 0; i < 100; ++i) CHECK(c[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("without batch norm the gradients of the lanes add up to those of the batch",
          "[engine][train]") {
  TrainingSet set;
  set.size = 8;
  set.classes = {"a", "b", "c"};
  Rng rng(5);
  for (int i = 0; i < 20; ++i) {
    set.labels.push_back(i % 3);
    for (int p = 0; p < 8 * 8 * 3; ++p) {
      set.pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
    }
  }
  NetworkSpec spec;
  spec.input = {1, 8, 8, 3};
  spec.layers = {{Conv2dSpec{.out = 4}}, {ReluSpec{}}, {FlattenSpec{}}, {DenseSpec{.out = 3}}};
  Preprocess preprocess;
  preprocess.size = 8;
  std::vector<int> order;
  epoch_order(1, 0, 20, order);
  std::vector<std::vector<Scalar>> gradients;
  for (const int lane : {20, 7, 1}) {
    Recipe recipe;
    recipe.lane = lane;
    Network network(spec);
    network.initialise(3);
    MicroBatchRunner runner(network, set, preprocess, recipe, 2);
    runner.run(order, 0, 0);
    auto& all = gradients.emplace_back();
    for (const Param* param : network.params()) {
      all.insert(all.end(), param->grad.values().begin(), param->grad.values().end());
    }
  }
  for (std::size_t k = 1; k < gradients.size(); ++k) {
    REQUIRE(gradients[k].size() == gradients[0].size());
    for (std::size_t i = 0; i < gradients[0].size(); ++i) {
      CHECK(gradients[k][i] == Approx(gradients[0][i]).margin(1e-5));
    }
  }
}

TEST_CASE("running statistics are updated with the mean of the lanes", "[engine][train]") {
  TrainingSet set;
  set.size = 8;
  set.classes = {"a", "b"};
  set.labels = {0, 1, 0, 1};
  for (const std::uint8_t level : {0, 51, 102, 255}) {
    set.pixels.insert(set.pixels.end(), 8 * 8 * 3, level);
  }
  NetworkSpec spec;
  spec.input = {1, 8, 8, 3};
  spec.layers = {{BatchNormSpec{}}, {FlattenSpec{}}, {DenseSpec{.out = 2}}};
  Preprocess preprocess;
  preprocess.size = 8;
  preprocess.mean = {0, 0, 0};
  preprocess.std = {1, 1, 1};
  Recipe recipe;
  recipe.lane = 2;
  recipe.augment = AugmentOptions{.flip = false, .shift = 0};
  Network network(spec);
  network.initialise(1);
  MicroBatchRunner runner(network, set, preprocess, recipe, 2);
  const int order[] = {0, 1, 2, 3};
  runner.run(order, 0, 0);
  // Lanes of grey levels {0, 0.2} and {0.4, 1}: means 0.1 and 0.7, variances 0.01 and 0.09.
  const double unbiased = 128.0 / 127;
  for (int c = 0; c < 3; ++c) {
    CHECK(network.buffers()[0]->value.data()[c] == Approx(0.1 * 0.4));
    CHECK(network.buffers()[1]->value.data()[c] == Approx(0.9 + 0.1 * 0.05 * unbiased));
  }
}
