#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/rng.h"
#include "engine/train/trainer.h"
#include "tests/support/catch.h"

// A training of a fraction of a second with every kind of state.
namespace fovea::tests {

inline constexpr int kSize = 8;

// Separable images: each class has its own colour, with strong noise.
inline TrainingSet images(int count, int classes, std::uint64_t seed) {
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
inline NetworkSpec network_spec(int classes) {
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

inline Recipe quick_recipe() {
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

inline Preprocess preprocess() {
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

inline Trained run_small_training(const Recipe& recipe, int threads, Watcher& watcher,
                                  std::vector<std::uint8_t> resume = {}, Ranks* ranks = nullptr) {
  const TrainingSet train_set = images(90, 3, 1), val = images(31, 3, 2);
  Network network(network_spec(3));
  network.initialise(recipe.seed, recipe.init);
  Trained trained;
  trained.result = train(network, train_set, &val, preprocess(), recipe, threads, watcher,
                         std::move(resume), {}, ranks);
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

inline Trained run_small_training(const Recipe& recipe, int threads) {
  Watcher watcher;
  return run_small_training(recipe, threads, watcher);
}

inline void check_same(const Trained& a, const Trained& b) {
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

}  // namespace fovea::tests
