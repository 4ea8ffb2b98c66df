#include "engine/train/trainer.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/eval/evaluate.h"
#include "engine/model/presets.h"
#include "engine/train/checkpoint.h"
#include "engine/train/validate.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

constexpr int kSize = 8;

// Separable images: each class has its own colour, with strong noise.
TrainingSet images(int count, int classes, std::uint64_t seed) {
  TrainingSet set;
  set.size = kSize;
  for (int c = 0; c < classes; ++c) set.classes.push_back("class " + std::to_string(c));
  Rng rng(seed);
  for (int i = 0; i < count; ++i) {
    const int label = i % classes;
    set.labels.push_back(label);
    for (int p = 0; p < kSize * kSize; ++p) {
      for (int c = 0; c < 3; ++c) {
        const std::uint32_t colour =
            c == label % 3 ? 60 + 20 * static_cast<std::uint32_t>(label) : 0;
        set.pixels.push_back(static_cast<std::uint8_t>(colour + rng.below(100)));
      }
    }
  }
  return set;
}

// Every kind of state in one small network: batch norm, dropout, dense.
NetworkSpec network_spec(int classes) {
  NetworkSpec spec;
  spec.input = {1, kSize, kSize, 3};
  spec.layers = {{Conv2dSpec{.out = 8, .bias = false}},
                 {BatchNormSpec{}},
                 {ReluSpec{}},
                 {MaxPoolSpec{}},
                 {DropoutSpec{0.2f}},
                 {FlattenSpec{}},
                 {DenseSpec{.out = 16}},
                 {ReluSpec{}},
                 {DenseSpec{.out = classes}}};
  return spec;
}

Recipe quick_recipe() {
  Recipe recipe;
  recipe.epochs = 4;
  recipe.batch = 24;  // 90 images: four batches, each of three lanes
  recipe.lane = 9;
  recipe.lr = 0.01f;
  recipe.ema_decay = 0.9f;
  recipe.ema_every = 2;
  recipe.patience = 3;
  return recipe;
}

Preprocess preprocess() {
  Preprocess result;
  result.size = kSize;
  return result;
}

// Stops after `stop_after` updates (-1: never) and keeps the checkpoint.
struct Watcher : TrainObserver {
  int stop_after = -1;
  bool at_epoch_end = false;  // stop there instead of after the batch
  int updates = 0;
  std::vector<std::uint8_t> bytes;

  Control on_batch(const BatchReport&) override {
    ++updates;
    return !at_epoch_end && updates == stop_after ? Control::stop : Control::keep_going;
  }
  Control on_epoch(const EpochReport&, const Network&) override {
    return at_epoch_end && updates == stop_after ? Control::stop : Control::keep_going;
  }
  void on_checkpoint(std::span<const std::uint8_t> checkpoint) override {
    bytes.assign(checkpoint.begin(), checkpoint.end());
  }
};

struct Trained {
  std::vector<Scalar> weights;
  TrainResult result;
};

Trained run(const Recipe& recipe, int threads, Watcher& watcher,
            std::vector<std::uint8_t> resume = {}) {
  const TrainingSet train_set = images(90, 3, 1), val = images(31, 3, 2);
  Network network(network_spec(3));
  network.initialise(recipe.seed, recipe.init);
  Trained trained;
  trained.result =
      train(network, train_set, &val, preprocess(), recipe, threads, watcher, std::move(resume));
  for (const Param* param : network.params()) {
    trained.weights.insert(trained.weights.end(), param->value.values().begin(),
                           param->value.values().end());
  }
  for (const Buffer* buffer : network.buffers()) {
    trained.weights.insert(trained.weights.end(), buffer->value.values().begin(),
                           buffer->value.values().end());
  }
  return trained;
}

Trained run(const Recipe& recipe, int threads) {
  Watcher watcher;
  return run(recipe, threads, watcher);
}

void check_same(const Trained& a, const Trained& b) {
  CHECK(a.weights == b.weights);
  REQUIRE(a.result.history.size() == b.result.history.size());
  for (std::size_t i = 0; i < a.result.history.size(); ++i) {
    CHECK(a.result.history[i].train_loss == b.result.history[i].train_loss);
    CHECK(a.result.history[i].train_accuracy == b.result.history[i].train_accuracy);
    CHECK(a.result.history[i].val_loss == b.result.history[i].val_loss);
    CHECK(a.result.history[i].best == b.result.history[i].best);
  }
  CHECK(a.result.best_epoch == b.result.best_epoch);
}

}  // namespace

TEST_CASE("training gives the same bits on 1 and 2 and 4 threads", "[engine][train]") {
  const Trained one = run(quick_recipe(), 1);
  check_same(one, run(quick_recipe(), 2));
  check_same(one, run(quick_recipe(), 4));
}

TEST_CASE("another seed gives other trained weights", "[engine][train]") {
  Recipe other = quick_recipe();
  other.seed = 2;
  CHECK(run(quick_recipe(), 1).weights != run(other, 1).weights);
}

TEST_CASE("a stopped and resumed run equals an uninterrupted one on any number of threads",
          "[engine][train]") {
  for (const ScheduleKind kind : {ScheduleKind::one_cycle, ScheduleKind::plateau}) {
    Recipe recipe = quick_recipe();
    recipe.schedule.kind = kind;
    recipe.schedule.plateau_patience = 0;
    const Trained whole = run(recipe, 1);
    REQUIRE(whole.result.outcome == TrainOutcome::finished);
    for (const int stop_after : {1, 4, 6, 8, 15, 16}) {
      for (const bool at_epoch_end : {false, true}) {
        if (at_epoch_end && stop_after % 4 != 0) continue;
        Watcher first;
        first.stop_after = stop_after;
        first.at_epoch_end = at_epoch_end;
        REQUIRE(run(recipe, 1, first).result.outcome == TrainOutcome::stopped);
        for (const int threads : {1, 2, 4}) {
          Watcher second;
          const Trained resumed = run(recipe, threads, second, first.bytes);
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
  const Trained a = run(with, 1), b = run(without, 1);
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
  CHECK_THROWS_WITH(run(recipe, 1),
                    ContainsSubstring("diverged in epoch 1") && ContainsSubstring("lower lr than"));
}

TEST_CASE("huge weights throw TrainingDiverged even if the loss is finite", "[engine][train]") {
  Recipe recipe = quick_recipe();
  recipe.epochs = 1;
  recipe.optimizer.kind = OptimizerKind::sgd;
  recipe.batch = 1'000'000;  // one step, whose loss is computed before it
  recipe.lr = 1e12f;
  try {
    run(recipe, 1);
    FAIL("not diverged");
  } catch (const TrainingDiverged& error) {
    CHECK(error.epoch == 0);
    CHECK(error.lr == recipe.lr);
  }
}

TEST_CASE("a damaged checkpoint and one of another recipe are rejected", "[engine][train]") {
  Watcher first;
  first.stop_after = 5;
  run(quick_recipe(), 1, first);
  Recipe other = quick_recipe();
  other.lr = 0.02f;
  Watcher second;
  CHECK_THROWS_WITH(run(other, 1, second, first.bytes), ContainsSubstring("lr=0.01"));
  first.bytes[first.bytes.size() / 2] ^= 1;
  CHECK_THROWS_AS(run(quick_recipe(), 1, second, first.bytes), FormatError);
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
