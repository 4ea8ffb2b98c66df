#include "engine/fit/log_loss.h"

#include <cmath>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("log losses are those of the softmax at a temperature", "[engine][fit]") {
  Tensor logits({2, 1, 1, 2});
  logits.image(0)[0] = 2;
  logits.image(1)[0] = 200;
  const auto losses = log_losses(logits, {0, 1}, 2);
  CHECK(losses[0] == Approx(std::log(1 + std::exp(-1))));
  CHECK(losses[1] == Approx(23 * std::log(2.0)));  // the probability is at least 2^-23
  CHECK(mean_of(losses) == Approx((losses[0] + losses[1]) / 2));
  CHECK(mean_of({}) == 0);
  CHECK_THROWS_AS(log_losses(logits, {0, 2}, 1), ShapeError);
}

TEST_CASE("losses are clearly lower beyond the standard error of the difference", "[engine][fit]") {
  const std::vector<double> others{1, 1, 1, 1};
  CHECK(clearly_lower({0.9, 0.9, 0.9, 0.9}, others));  // each image
  CHECK_FALSE(clearly_lower(others, others));
  // Mean difference 0.05 with a standard error of 0.22.
  CHECK_FALSE(clearly_lower({0.5, 1.4, 0.5, 1.4}, others));
  CHECK_FALSE(clearly_lower({1.1, 1.1, 1.1, 1.1}, others));
}
