#include "engine/train/trainer.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/eval/evaluate.h"
#include "engine/model/presets.h"
#include "engine/train/validate.h"
#include "tests/support/catch.h"
#include "tests/support/small_training.h"

using namespace fovea;
using namespace fovea::tests;

TEST_CASE("training gives the same bits on 1 and 2 and 4 threads", "[engine][train]") {
  const Trained one = run_small_training(quick_recipe(), 1);
  check_same(one, run_small_training(quick_recipe(), 2));
  check_same(one, run_small_training(quick_recipe(), 4));
}

TEST_CASE("another seed gives other trained weights", "[engine][train]") {
  Recipe other = quick_recipe();
  other.seed = 2;
  CHECK(run_small_training(quick_recipe(), 1).weights != run_small_training(other, 1).weights);
}

TEST_CASE("a stopped and resumed run equals an uninterrupted one on any number of threads",
          "[engine][train]") {
  for (const ScheduleKind kind : {ScheduleKind::one_cycle, ScheduleKind::plateau}) {
    Recipe recipe = quick_recipe();
    recipe.schedule.kind = kind;
    recipe.schedule.plateau_patience = 0;
    const Trained whole = run_small_training(recipe, 1);
    REQUIRE(whole.result.outcome == TrainOutcome::finished);
    for (const int stop_after : {1, 4, 6, 8, 15, 16}) {
      for (const bool at_epoch_end : {false, true}) {
        if (at_epoch_end && stop_after % 4 != 0) continue;
        Watcher first;
        first.stop_after = stop_after;
        first.at_epoch_end = at_epoch_end;
        REQUIRE(run_small_training(recipe, 1, first).result.outcome == TrainOutcome::stopped);
        for (const int threads : {1, 2, 4}) {
          Watcher second;
          const Trained resumed = run_small_training(recipe, threads, second, first.bytes);
          CHECK(first.updates + second.updates == 16);
          check_same(whole, resumed);
        }
      }
    }
  }
}

TEST_CASE("training memorises 32 images to 100 %", "[engine][train]") {
  TrainingSet set = images(32, 4, 3);
  for (int i = 0; i < 32; ++i) set.labels[i] = (i * 7 / 3) % 4;  // arbitrary labels
  Recipe recipe;
  recipe.preset = "tiny";
  recipe.epochs = 60;
  recipe.batch = 32;
  recipe.lane = 16;
  recipe.lr = 0.02f;
  recipe.label_smoothing = 0;
  recipe.ema_decay = 0;
  recipe.augment = AugmentOptions{.flip = false, .shift = 0};
  Network network(preset_network("tiny", kSize, 4));
  network.initialise(1);
  Watcher watcher;
  const TrainResult result = train(network, set, nullptr, preprocess(), recipe, 2, watcher);
  CHECK(result.outcome == TrainOutcome::finished);
  CHECK(result.history.back().train_accuracy == 1.0);
  CHECK(validate(network, set, preprocess(), 1).accuracy == 1.0);
}

TEST_CASE("with patience the run stops early and keeps the weights of the best epoch",
          "[engine][train]") {
  Recipe recipe = quick_recipe();
  recipe.epochs = 200;
  recipe.patience = 2;
  recipe.schedule.kind = ScheduleKind::constant;
  recipe.lr = 0.05f;
  const TrainingSet train_set = images(90, 3, 1), val = images(31, 3, 2);
  Network network(network_spec(3));
  network.initialise(1);
  Watcher watcher;
  const TrainResult result = train(network, train_set, &val, preprocess(), recipe, 1, watcher);
  REQUIRE(result.outcome == TrainOutcome::stopped_early);
  CHECK(result.history.size() == static_cast<std::size_t>(result.best_epoch) + 3);
  const EpochReport& best = result.history[static_cast<std::size_t>(result.best_epoch)];
  CHECK(best.best);
  CHECK(validate(network, val, preprocess(), 1).loss == best.val_loss);
}

TEST_CASE("validation uses the averaged weights and training continues with the current ones",
          "[engine][train]") {
  Recipe with = quick_recipe(), without = quick_recipe();
  with.patience = without.patience = 0;
  without.ema_decay = 0;
  const Trained a = run_small_training(with, 1), b = run_small_training(without, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(a.result.history[i].train_loss == b.result.history[i].train_loss);
    CHECK(a.result.history[i].val_loss != b.result.history[i].val_loss);
  }
  CHECK(a.weights != b.weights);
}

TEST_CASE("balanced training gives a rare class the weight of a common one", "[engine][train]") {
  TrainingSet set = images(60, 2, 4);
  for (int i = 0; i < 60; ++i) set.labels[i] = i % 10 == 0 ? 1 : 0;
  // The images do not depend on the label, so the optimal prediction is the class frequency.
  std::fill(set.pixels.begin(), set.pixels.end(), std::uint8_t{128});
  Recipe recipe = quick_recipe();
  recipe.epochs = 300;
  recipe.batch = 60;
  recipe.lane = 60;
  recipe.label_smoothing = 0;
  recipe.patience = 0;
  recipe.ema_decay = 0;
  const auto rare_probability = [&](bool balanced) {
    recipe.balanced = balanced;
    NetworkSpec spec;
    spec.input = {1, kSize, kSize, 3};
    spec.layers = {{FlattenSpec{}}, {DenseSpec{.out = 2}}};
    Network network(spec);
    network.initialise(1);
    Watcher watcher;
    train(network, set, nullptr, preprocess(), recipe, 1, watcher);
    const Tensor logits = evaluate_logits(network, preprocess(), set, 1);
    return 1 / (1 + std::exp(logits.data()[0] - logits.data()[1]));
  };
  CHECK(rare_probability(false) == Approx(0.1).margin(0.03));
  CHECK(rare_probability(true) == Approx(0.5).margin(0.03));
}

TEST_CASE("a loss that is not finite throws TrainingDiverged", "[engine][train]") {
  Recipe recipe = quick_recipe();
  recipe.optimizer.kind = OptimizerKind::sgd;
  recipe.lr = 1e30f;
  CHECK_THROWS_WITH(run_small_training(recipe, 1),
                    ContainsSubstring("diverged in epoch 1") && ContainsSubstring("lower lr than"));
}

TEST_CASE("huge weights throw TrainingDiverged even if the loss is finite", "[engine][train]") {
  Recipe recipe = quick_recipe();
  recipe.epochs = 1;
  recipe.optimizer.kind = OptimizerKind::sgd;
  recipe.batch = 1'000'000;  // one step, whose loss is computed before it
  recipe.lr = 1e12f;
  try {
    run_small_training(recipe, 1);
    FAIL("not diverged");
  } catch (const TrainingDiverged& error) {
    CHECK(error.epoch == 0);
    CHECK(error.lr == recipe.lr);
  }
}

TEST_CASE("a damaged checkpoint and one of another recipe are rejected", "[engine][train]") {
  Watcher first;
  first.stop_after = 5;
  run_small_training(quick_recipe(), 1, first);
  Recipe other = quick_recipe();
  other.lr = 0.02f;
  Watcher second;
  CHECK_THROWS_WITH(run_small_training(other, 1, second, first.bytes),
                    ContainsSubstring("lr=0.01"));
  first.bytes[first.bytes.size() / 2] ^= 1;
  CHECK_THROWS_AS(run_small_training(quick_recipe(), 1, second, first.bytes), FormatError);
}

TEST_CASE("invalid recipes and image sets are rejected with the reason", "[engine][train]") {
  const TrainingSet set = images(9, 3, 1);
  Network network(network_spec(3));
  Watcher watcher;
  const auto attempt = [&](const Recipe& recipe, const TrainingSet& images_given) {
    train(network, images_given, nullptr, preprocess(), recipe, 1, watcher);
  };
  CHECK_THROWS_WITH(attempt(quick_recipe(), set), ContainsSubstring("validation"));
  Recipe recipe = quick_recipe();
  recipe.patience = 0;
  CHECK_THROWS_WITH(attempt(recipe, images(9, 4, 1)), ContainsSubstring("4 classes"));
  recipe.lane = 0;
  CHECK_THROWS_AS(attempt(recipe, set), ConfigError);
}
