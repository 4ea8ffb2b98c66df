// Benchmarks the network of preset `small`: training steps at batch size 64 with Adam on synthetic
// images, and inference on preprocessed images at several batch sizes.
//
// usage: bench_network train|infer THREADS [--quick]

#include <cstring>
#include <numeric>

#include "bench/harness.h"
#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/train/micro_batches.h"
#include "engine/train/optimizer.h"
#include "engine/train/recipe.h"

namespace fovea::bench {
namespace {

constexpr int kSize = 32, kClasses = 10;

TrainingSet synthetic_images(int count) {
  TrainingSet set;
  set.size = kSize;
  set.pixels.resize(std::size_t(count) * kSize * kSize * 3);
  Rng rng(1);
  for (std::uint8_t& value : set.pixels) value = static_cast<std::uint8_t>(rng.below(256));
  for (int i = 0; i < count; ++i) set.labels.push_back(static_cast<int>(rng.below(kClasses)));
  for (int c = 0; c < kClasses; ++c) set.classes.push_back(std::to_string(c));
  return set;
}

Network initialised_small() {
  Network network(preset_network("small", kSize, kClasses));
  network.initialise(1);
  return network;
}

// One step of the trainer: lanes, augmentation, forward, backward, gradient sum, update.
void bench_training(int threads, const Options& options) {
  constexpr int kBatch = 64;
  Recipe recipe = default_recipe("small");
  recipe.batch = kBatch;
  recipe.optimizer.kind = OptimizerKind::adam;
  const TrainingSet set = synthetic_images(1024);
  const Preprocess preprocess;
  Network network = initialised_small();
  const auto optimizer = make_optimizer(recipe.optimizer);
  MicroBatchRunner lanes(network, set, preprocess, recipe, threads);
  std::vector<int> order(set.count());
  std::iota(order.begin(), order.end(), 0);
  std::int64_t step = 0;
  const auto rates = measure(
      kBatch,
      [&] {
        const std::size_t begin = std::size_t(step) * kBatch % order.size();
        lanes.run(std::span(order).subspan(begin, kBatch), 0, step);
        optimizer->step(network.params(), 1e-3f, threads);
        lanes.broadcast_weights();
        ++step;
      },
      options);
  report("train small", threads, "images/s", rates, {{"batch", kBatch}, {"lane", recipe.lane}});
}

// The part of a batch that one thread computes.
struct BatchPart {
  Tensor x, probabilities;
  Scratch scratch;
};

std::vector<BatchPart> split_batch(int batch, int threads) {
  std::vector<BatchPart> parts(std::min(batch, threads));
  const int count = static_cast<int>(parts.size());
  Rng rng(2);
  for (int i = 0; i < count; ++i) {
    parts[i].x.resize({batch * (i + 1) / count - batch * i / count, kSize, kSize, 3});
    for (Scalar& value : parts[i].x.values()) value = rng.uniform(-2, 2);
  }
  return parts;
}

void bench_inference(int threads, const Options& options) {
  Model model{initialised_small(), {}, synthetic_images(0).classes, 1.0f, {}};
  const Classifier classifier(write_model(model));
  for (const int batch : {1, 8, 32, 256}) {
    std::vector<BatchPart> parts = split_batch(batch, threads);
    const int count = static_cast<int>(parts.size());
    const auto infer = [&] {
      parallel_for(count, count, [&](int i, int) {
        classifier.predict(parts[i].x, parts[i].probabilities, parts[i].scratch);
      });
    };
    const auto rates = measure(batch, infer, options);
    std::vector<double> times;  // milliseconds of single calls
    for (const double end = seconds_now() + 3 * options.run_seconds; seconds_now() < end;) {
      const double start = seconds_now();
      infer();
      times.push_back((seconds_now() - start) * 1e3);
    }
    report("infer small", threads, "images/s", rates,
           {{"batch", batch}, {"p50_ms", quantile(times, 0.5)}, {"p99_ms", quantile(times, 0.99)}});
  }
}

}  // namespace
}  // namespace fovea::bench

int main(int argc, char** argv) {
  const std::string task = argc > 1 ? argv[1] : "";
  const int threads = argc > 2 ? std::atoi(argv[2]) : 0;
  if ((task != "train" && task != "infer") || threads < 1) {
    std::fprintf(stderr, "usage: bench_network train|infer THREADS [--quick]\n");
    return 2;
  }
  fovea::bench::Options options{1.0, 7};
  if (argc > 3 && std::strcmp(argv[3], "--quick") == 0) options = {0.1, 5};
  try {
    (task == "train" ? fovea::bench::bench_training : fovea::bench::bench_inference)(threads,
                                                                                     options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_network: %s\n", error.what());
    return 1;
  }
}
