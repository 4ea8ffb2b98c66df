// Benchmarks a training step of EfficientNet-Lite0 as fine-tuning makes it: batches of 16 in lanes,
// augmentation, forward, backward, AdamW; the CPU milliseconds of an image. The weights are random.
//
// usage: bench_fine_tune SIZE THREADS [--quick]

#include <cstring>
#include <ctime>
#include <numeric>

#include "bench/harness.h"
#include "engine/core/rng.h"
#include "engine/model/backbones.h"
#include "engine/train/micro_batches.h"
#include "engine/train/optimizer.h"
#include "engine/transfer/fine_tune.h"

namespace fovea::bench {
namespace {

constexpr int kClasses = 5, kImages = 64;

TrainingSet random_images(int size) {
  TrainingSet set;
  set.size = size;
  set.pixels.resize(std::size_t(kImages) * size * size * 3);
  Rng rng(1);
  for (std::uint8_t& value : set.pixels) value = static_cast<std::uint8_t>(rng.below(256));
  for (int i = 0; i < kImages; ++i) set.labels.push_back(i % kClasses);
  for (int c = 0; c < kClasses; ++c) set.classes.push_back(std::to_string(c));
  return set;
}

void bench_step(int size, int threads, const Options& options) {
  const Backbone known = backbone("efficientnet-lite0");
  Network network(backbone_network(known.name, size, kClasses));
  network.initialise(1);
  network.freeze_statistics();
  Preprocess preprocess = known.preprocess;
  preprocess.size = size;
  const Recipe recipe = fine_tune_recipe(network, kImages, true);
  const TrainingSet set = random_images(size);
  const auto optimizer = make_optimizer(recipe.optimizer);
  MicroBatchRunner lanes(network, set, preprocess, recipe, threads);
  std::vector<int> order(kImages);
  std::iota(order.begin(), order.end(), 0);
  std::int64_t step = 0;
  const auto run_seconds = [&](int repeats) {
    const std::clock_t start = std::clock();
    for (int i = 0; i < repeats; ++i, ++step) {
      const std::size_t begin = std::size_t(step) * recipe.batch % kImages;
      lanes.run(std::span(order).subspan(begin, std::size_t(recipe.batch)), 0, step);
      optimizer->step(network.params(), 1e-6f, threads);
      lanes.broadcast_weights();
    }
    return double(std::clock() - start) / CLOCKS_PER_SEC / repeats;
  };
  run_seconds(1);  // warm-up
  const int repeats = std::max(1, static_cast<int>(options.run_seconds / run_seconds(1)));
  std::vector<double> times;
  for (int i = 0; i < options.runs; ++i) times.push_back(1e3 * run_seconds(repeats) / recipe.batch);
  report("fine-tune step", threads, "CPU ms/image", times,
         {{"size", size}, {"batch", recipe.batch}, {"lane", recipe.lane}});
}

}  // namespace
}  // namespace fovea::bench

int main(int argc, char** argv) {
  const int size = argc > 1 ? std::atoi(argv[1]) : 0, threads = argc > 2 ? std::atoi(argv[2]) : 0;
  if (size < 32 || threads < 1) {
    std::fprintf(stderr, "usage: bench_fine_tune SIZE THREADS [--quick]\n");
    return 2;
  }
  fovea::bench::Options options{1.0, 7};
  if (argc > 3 && std::strcmp(argv[3], "--quick") == 0) options = {0.3, 5};
  try {
    fovea::bench::bench_step(size, threads, options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_fine_tune: %s\n", error.what());
    return 1;
  }
}
