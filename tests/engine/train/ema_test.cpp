#include "engine/train/ema.h"

#include <cmath>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

struct OneWeight {
  Param param;
  Buffer buffer;
  Param* params[1] = {&param};
  Buffer* buffers[1] = {&buffer};
  OneWeight() {
    param.value = Tensor({1, 1, 1, 1});
    buffer.value = Tensor({1, 1, 1, 1});
  }
  void set(float weight, float statistic) {
    param.value.fill(weight);
    buffer.value.fill(statistic);
  }
};

}  // namespace

TEST_CASE("the weight average follows its recurrence for parameters and buffers every k steps",
          "[engine][train]") {
  OneWeight net;
  WeightAverage average(0.9f, 2);
  double expected = 0, statistic = 0;
  int updates = 0;
  for (int step = 1; step <= 200; ++step) {
    net.set(static_cast<float>(std::sin(step)), static_cast<float>(step));
    average.update(step, net.params, net.buffers);
    if (step % 2 != 0) continue;
    const double keep = std::min(0.81, updates / (updates + 9.0));
    ++updates;
    expected = keep * expected + (1 - keep) * std::sin(step);
    statistic = keep * statistic + (1 - keep) * step;
    CHECK(average.average()[0].data()[0] == Approx(expected).margin(1e-5));
    CHECK(average.average()[1].data()[0] == Approx(statistic).epsilon(1e-5));
  }
  CHECK(average.updates() == 100);
}

TEST_CASE("the first update of the weight average copies the weights", "[engine][train]") {
  OneWeight net;
  WeightAverage average(0.99f, 3);
  net.set(5, 7);
  average.update(1, net.params, net.buffers);
  average.update(2, net.params, net.buffers);
  CHECK_FALSE(average.ready());
  average.update(3, net.params, net.buffers);
  REQUIRE(average.ready());
  CHECK(average.average()[0].data()[0] == 5);
  CHECK(average.average()[1].data()[0] == 7);
}

TEST_CASE("a decay of zero disables the weight average", "[engine][train]") {
  OneWeight net;
  WeightAverage average(0, 1);
  average.update(1, net.params, net.buffers);
  CHECK_FALSE(average.ready());
}

TEST_CASE("swapping weights twice restores both", "[engine][train]") {
  OneWeight net;
  Weights stored;
  net.set(1, 2);
  copy_weights(net.params, net.buffers, stored);
  net.set(3, 4);
  swap_weights(net.params, net.buffers, stored);
  CHECK(net.param.value.data()[0] == 1);
  CHECK(net.buffer.value.data()[0] == 2);
  CHECK(stored[0].data()[0] == 3);
  swap_weights(net.params, net.buffers, stored);
  CHECK(net.param.value.data()[0] == 3);
  CHECK(stored[1].data()[0] == 2);
}

TEST_CASE("weights of another network and invalid decay options are rejected", "[engine][train]") {
  OneWeight net;
  Weights stored;
  CHECK_THROWS_AS(swap_weights(net.params, net.buffers, stored), ShapeError);
  stored.emplace_back(Shape{1, 1, 1, 1});
  stored.emplace_back(Shape{1, 1, 1, 2});
  CHECK_THROWS_AS(swap_weights(net.params, net.buffers, stored), ShapeError);
  CHECK_THROWS_AS(WeightAverage(1.0f, 1), ConfigError);
  CHECK_THROWS_AS(WeightAverage(0.9f, 0), ConfigError);
}
