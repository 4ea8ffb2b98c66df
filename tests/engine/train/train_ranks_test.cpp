// Training on several ranks, which here are threads: the same bits as on one.
#include "engine/core/error.h"
#include "engine/train/trainer.h"
#include "tests/support/catch.h"
#include "tests/support/small_training.h"
#include "tests/support/thread_ranks.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

// All ranks' results; the observer belongs to rank 0.
std::vector<Trained> run_on_ranks(const Recipe& recipe, int size, int threads, Watcher& watcher,
                                  const std::vector<std::uint8_t>& resume = {}) {
  std::vector<Trained> results(static_cast<std::size_t>(size));
  ThreadRanks::run_all(size, [&](Ranks& ranks) {
    const bool first = ranks.rank() == 0;
    Watcher unused;
    results[static_cast<std::size_t>(ranks.rank())] =
        run_small_training(recipe, threads, first ? watcher : unused,
                           first ? resume : std::vector<std::uint8_t>{}, &ranks);
    if (unused.updates != 0) throw std::logic_error("a higher rank called its observer");
  });
  return results;
}

}  // namespace

TEST_CASE("training gives the same bits on any number of ranks and threads", "[engine][train]") {
  Recipe plateau = quick_recipe();
  plateau.schedule.kind = ScheduleKind::plateau;
  plateau.schedule.plateau_patience = 0;
  Recipe adam = quick_recipe();
  adam.optimizer.kind = OptimizerKind::adamw;
  adam.lane = 4;  // six lanes
  adam.balanced = true;
  for (const Recipe& recipe : {quick_recipe(), plateau, adam}) {
    const Trained alone = run_small_training(recipe, 1);
    for (const int size : {1, 2, 3, 4, 8}) {
      for (const int threads : {1, 2}) {
        Watcher watcher;
        const std::vector<Trained> ranks = run_on_ranks(recipe, size, threads, watcher);
        for (const Trained& rank : ranks) check_same(alone, rank);
        CHECK(watcher.updates == 16);
      }
    }
  }
}

TEST_CASE("all ranks stop early in the same epoch with the same weights", "[engine][train]") {
  Recipe recipe = quick_recipe();
  recipe.epochs = 200;
  recipe.patience = 2;
  recipe.schedule.kind = ScheduleKind::constant;
  recipe.lr = 0.05f;
  const Trained alone = run_small_training(recipe, 1);
  REQUIRE(alone.result.outcome == TrainOutcome::stopped_early);
  Watcher watcher;
  for (const Trained& rank : run_on_ranks(recipe, 3, 1, watcher)) {
    CHECK(rank.result.outcome == TrainOutcome::stopped_early);
    check_same(alone, rank);
  }
}

TEST_CASE("a run that stopped resumes on another number of ranks with the same weights",
          "[engine][train]") {
  const Recipe recipe = quick_recipe();
  const Trained whole = run_small_training(recipe, 1);
  for (const int before : {1, 2, 4}) {
    for (const int after : {1, 2, 3}) {
      for (const bool at_epoch_end : {false, true}) {
        Watcher first, second;
        first.stop_after = 8;
        first.at_epoch_end = at_epoch_end;
        for (const Trained& rank : run_on_ranks(recipe, before, 1, first)) {
          CHECK(rank.result.outcome == TrainOutcome::stopped);
        }
        for (const Trained& rank : run_on_ranks(recipe, after, 1, second, first.bytes)) {
          check_same(whole, rank);
        }
        CHECK(first.updates + second.updates == 16);
      }
    }
  }
}

TEST_CASE("a rank that ends at any message leaves a checkpoint that resumes to the same weights",
          "[engine][train]") {
  Recipe recipe = quick_recipe();
  recipe.epochs = 2;
  recipe.ema_every = 1;
  const Trained whole = run_small_training(recipe, 1);
  int checkpoints = 0;
  // Its first messages precede the first batch.
  for (int message = 0; message < 2000; message += 7) {
    Watcher watcher;
    const auto errors = ThreadRanks::run(
        3,
        [&](Ranks& ranks) {
          Watcher unused;
          run_small_training(recipe, 1, ranks.rank() == 0 ? watcher : unused, {}, &ranks);
        },
        1, message);
    if (!errors[1]) break;  // the run has fewer messages
    if (!errors[0]) {       // the message was the last one, which rank 0 does not wait for
      CHECK(watcher.updates == 8);
      continue;
    }
    CHECK_THROWS_AS(std::rethrow_exception(errors[0]), RankLost);
    if (watcher.bytes.empty()) {
      CHECK(watcher.updates == 0);
      continue;
    }
    ++checkpoints;
    const int done = watcher.updates;
    Watcher second;
    check_same(whole, run_small_training(recipe, 2, second, watcher.bytes));
    CHECK(done + second.updates == 8);
  }
  CHECK(checkpoints > 10);
}

TEST_CASE("ranks with other images are rejected on all ranks", "[engine][train]") {
  const auto errors = ThreadRanks::run(3, [](Ranks& ranks) {
    Recipe recipe = quick_recipe();
    if (ranks.rank() == 2) recipe.lr = 0.02f;
    Watcher watcher;
    run_small_training(recipe, 1, watcher, {}, &ranks);
  });
  for (const std::exception_ptr& error : errors) {
    REQUIRE(error);
    CHECK_THROWS_WITH(std::rethrow_exception(error),
                      ContainsSubstring("rank 2 has another recipe"));
  }
}
