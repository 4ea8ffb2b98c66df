#include "engine/fit/interval.h"

#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("normal quantiles agree with the tables", "[engine][eval]") {
  CHECK(normal_quantile(0.05) == Approx(1.959963984540054).epsilon(1e-12));
  CHECK(normal_quantile(0.01) == Approx(2.5758293035489004).epsilon(1e-12));
}

TEST_CASE("the Wilson interval agrees with the published example and stays between 0 and 1",
          "[engine][eval]") {
  // Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81 of 263 -> 0.2553 to 0.3662.
  const Interval published = wilson_interval(81, 263);
  CHECK(published.low == Approx(0.2553).margin(5e-5));
  CHECK(published.high == Approx(0.3662).margin(5e-5));
  const Interval none = wilson_interval(0, 20);
  CHECK(none.low == 0);
  CHECK(none.high == Approx(0.1611).margin(5e-5));  // the same table: 0 of 20
  CHECK(wilson_interval(20, 20).high == 1);
  CHECK(wilson_interval(0, 0).low == 0);
  CHECK(wilson_interval(0, 0).high == 1);
  CHECK(wilson_interval(81, 263, 0.01).low < published.low);
}

TEST_CASE("the interval of a change counts only images that changed", "[engine][eval]") {
  // Agresti and Min: (0.5 - 20.5) / 102 -/+ 1.96 sqrt(21 - 20^2 / 102) / 102
  const Interval lost = paired_change_interval(20, 0, 100);
  CHECK(lost.low == Approx(-0.27549).margin(1e-4));
  CHECK(lost.high == Approx(-0.11668).margin(1e-4));
  const Interval won = paired_change_interval(0, 20, 100);
  CHECK(won.low == Approx(-lost.high));
  CHECK(won.high == Approx(-lost.low));
  CHECK(paired_change_interval(20, 0, 100, 0.01).low < lost.low);
  CHECK(paired_change_interval(0, 0, 0).low == -1);
}

TEST_CASE("the interval of a difference agrees with the published example", "[engine][eval]") {
  // Newcombe 1998, Statistics in Medicine 17, table II, method 10: 56/70 - 48/80.
  const Interval difference =
      difference_interval(48.0 / 80, wilson_interval(48, 80), 56.0 / 70, wilson_interval(56, 70));
  CHECK(difference.low == Approx(0.0524).margin(5e-5));
  CHECK(difference.high == Approx(0.3339).margin(5e-5));
}
