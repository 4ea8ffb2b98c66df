#include "engine/train/schedule.h"

#include <cmath>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

constexpr std::int64_t kTotal = 1000;

ScheduleOptions without_warmup(ScheduleKind kind) {
  ScheduleOptions options;
  options.kind = kind;
  options.warmup = 0;
  return options;
}

}  // namespace

TEST_CASE("the one-cycle schedule is a triangle", "[engine][train]") {
  ScheduleOptions options;
  options.warmup = 0.25f;
  options.start_fraction = 0.2f;
  options.final_fraction = 0.1f;
  CHECK(schedule_factor(options, 0, kTotal) == Approx(0.2 + 0.8 * 0.5 / 250));
  CHECK(schedule_factor(options, 124, kTotal) == Approx(0.2 + 0.8 * 124.5 / 250));
  CHECK(schedule_factor(options, 250, kTotal) == Approx(1).epsilon(0.01));
  CHECK(schedule_factor(options, 624, kTotal) == Approx(1 - 0.9 * 374.5 / 750));
  CHECK(schedule_factor(options, 999, kTotal) == Approx(0.1).epsilon(0.01));
  for (std::int64_t s = 1; s < 250; ++s) {
    CHECK(schedule_factor(options, s, kTotal) > schedule_factor(options, s - 1, kTotal));
  }
  for (std::int64_t s = 251; s < kTotal; ++s) {
    CHECK(schedule_factor(options, s, kTotal) < schedule_factor(options, s - 1, kTotal));
  }
}

TEST_CASE("the cosine schedule is symmetric and ends at the final fraction", "[engine][train]") {
  const ScheduleOptions options = without_warmup(ScheduleKind::cosine);
  for (std::int64_t s = 0; s < kTotal / 2; ++s) {
    CHECK(schedule_factor(options, s, kTotal) + schedule_factor(options, kTotal - 1 - s, kTotal) ==
          Approx(1));
  }
  CHECK(schedule_factor(options, 249, kTotal) ==
        Approx(0.5 * (1 + std::cos(3.14159265 * 0.2495))).epsilon(1e-5));
}

TEST_CASE("the step schedule falls by its factor at each fraction of the run", "[engine][train]") {
  ScheduleOptions options = without_warmup(ScheduleKind::step);
  options.step_fraction = 0.5f;
  options.step_factor = 0.2f;
  CHECK(schedule_factor(options, 499, kTotal) == 1.0f);
  CHECK(schedule_factor(options, 500, kTotal) == 0.2f);
  CHECK(schedule_factor(options, 999, kTotal) == 0.2f);
}

TEST_CASE("the constant schedule is constant and a single step has a positive rate",
          "[engine][train]") {
  CHECK(schedule_factor(without_warmup(ScheduleKind::constant), 0, kTotal) == 1.0f);
  CHECK(schedule_factor(without_warmup(ScheduleKind::constant), 999, kTotal) == 1.0f);
  for (const ScheduleKind kind : {ScheduleKind::constant, ScheduleKind::step, ScheduleKind::cosine,
                                  ScheduleKind::one_cycle, ScheduleKind::plateau}) {
    CHECK(schedule_factor({.kind = kind}, 0, 1) > 0);
  }
}

TEST_CASE("schedules reject steps and options out of range", "[engine][train]") {
  CHECK_THROWS_AS(schedule_factor({}, 10, 10), ConfigError);
  CHECK_THROWS_AS(schedule_factor({}, -1, 10), ConfigError);
  CHECK_THROWS_AS(schedule_factor({.warmup = 1}, 0, 10), ConfigError);
  CHECK_THROWS_AS(schedule_factor({.step_fraction = 0}, 0, 10), ConfigError);
}

TEST_CASE("the plateau schedule lowers the rate after its patience and then waits again",
          "[engine][train]") {
  ScheduleOptions options;
  options.plateau_patience = 1;
  options.plateau_factor = 0.5f;
  Plateau plateau;
  const double losses[] = {3, 2, 2.5, 2.4, 2.1, 1.9, 2.0, std::nan("")};
  const float factors[] = {1, 1, 1, 0.5f, 0.5f, 0.5f, 0.5f, 0.25f};
  for (int i = 0; i < 8; ++i) {
    plateau.observe(losses[i], options);
    CHECK(plateau.factor == factors[i]);
  }
}

TEST_CASE("early stopping remembers the best epoch and stops after its patience",
          "[engine][train]") {
  EarlyStopping early;
  CHECK(early.observe(1.0, 0));
  CHECK(early.observe(0.5, 1));
  CHECK_FALSE(early.observe(0.5, 2));  // equal is not better
  CHECK_FALSE(early.exhausted(2, 2));
  CHECK_FALSE(early.observe(std::nan(""), 3));
  CHECK(early.exhausted(3, 2));
  CHECK_FALSE(early.exhausted(3, 0));
  CHECK(early.best_epoch == 1);
}
