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

// Images that can be learned: each class has a colour of its own under heavy noise.
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

// Stops after `stop_after` updates and keeps the checkpoint; never, when it is -1.
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

TEST_CASE("training gives the same bits at 1, 2 and 4 threads") {
  const Trained one = run(quick_recipe(), 1);
  check_same(one, run(quick_recipe(), 2));
  check_same(one, run(quick_recipe(), 4));
}

TEST_CASE("another seed gives other weights") {
  Recipe other = quick_recipe();
  other.seed = 2;
  CHECK(run(quick_recipe(), 1).weights != run(other, 1).weights);
}

TEST_CASE("a run stopped anywhere and resumed equals one that was not, at any thread count") {
  for (const ScheduleKind kind : {ScheduleKind::one_cycle, ScheduleKind::plateau}) {
    Recipe recipe = quick_recipe();
    recipe.schedule.kind = kind;
    recipe.schedule.plateau_patience = 0;
    const Trained whole = run(recipe, 1);
    REQUIRE(whole.result.outcome == Outcome::finished);
    for (const int stop_after : {1, 4, 6, 8, 15, 16}) {
      for (const bool at_epoch_end : {false, true}) {
        if (at_epoch_end && stop_after % 4 != 0) continue;
        Watcher first;
        first.stop_after = stop_after;
        first.at_epoch_end = at_epoch_end;
        REQUIRE(run(recipe, 1, first).result.outcome == Outcome::stopped);
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

TEST_CASE("it memorises 32 images to 100 %") {
  TrainingSet set = images(32, 4, 3);
  for (int i = 0; i < 32; ++i)
    set.labels[static_cast<std::size_t>(i)] = (i * 7 / 3) % 4;  // senseless
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
  CHECK(result.outcome == Outcome::finished);
  CHECK(result.history.back().train_accuracy == 1.0);
  CHECK(validate(network, set, preprocess(), 1).accuracy == 1.0);
}

TEST_CASE("with patience the best epoch's weights are kept, and the run ends early") {
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
  REQUIRE(result.outcome == Outcome::early);
  CHECK(result.history.size() == static_cast<std::size_t>(result.best_epoch) + 3);
  const EpochReport& best = result.history[static_cast<std::size_t>(result.best_epoch)];
  CHECK(best.best);
  CHECK(validate(network, val, preprocess(), 1).loss == best.val_loss);
}

TEST_CASE("validation sees the averaged weights and training goes on with its own") {
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

TEST_CASE("balanced classes make a rare class count as much as a common one") {
  TrainingSet set = images(60, 2, 4);
  for (int i = 0; i < 60; ++i) set.labels[static_cast<std::size_t>(i)] = i % 10 == 0 ? 1 : 0;
  // Images say nothing about the label, so the best answer is the class shares.
  std::fill(set.pixels.begin(), set.pixels.end(), std::uint8_t{128});
  Recipe recipe = quick_recipe();
  recipe.epochs = 300;
  recipe.batch = 60;
  recipe.lane = 60;
  recipe.label_smoothing = 0;
  recipe.patience = 0;
  recipe.ema_decay = 0;
  const auto rare_share = [&](bool balanced) {
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
  CHECK(rare_share(false) == Approx(0.1).margin(0.03));
  CHECK(rare_share(true) == Approx(0.5).margin(0.03));
}

TEST_CASE("a loss that is not a number ends the run as diverged") {
  Recipe recipe = quick_recipe();
  recipe.optimizer.kind = OptimizerKind::sgd;
  recipe.lr = 1e30f;
  CHECK_THROWS_WITH(run(recipe, 1),
                    ContainsSubstring("diverged in epoch 1") && ContainsSubstring("lower lr than"));
}

TEST_CASE("weights out of all bounds end the run though the loss is a number") {
  Recipe recipe = quick_recipe();
  recipe.epochs = 1;
  recipe.optimizer.kind = OptimizerKind::sgd;
  recipe.batch = 1'000'000;  // one step, whose loss is that of the weights before it
  recipe.lr = 1e12f;
  try {
    run(recipe, 1);
    FAIL("not diverged");
  } catch (const TrainingDiverged& error) {
    CHECK(error.epoch == 0);
    CHECK(error.lr == recipe.lr);
  }
}

TEST_CASE("a checkpoint of another recipe or a damaged one is refused") {
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

TEST_CASE("recipes and images that cannot work are refused with the reason") {
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
