#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/core/cpu.h"
#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/train/micro_batches.h"
#include "engine/train/optimizer.h"
#include "engine/train/recipe.h"
#include "server/text/json.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

// `fovea bench`: how fast this machine computes a network, and what slows it down.
namespace fovea::tools {
namespace {

using server::Json;
using Clock = std::chrono::steady_clock;

constexpr int kRuns = 10;            // the median of them is reported
constexpr double kWideSpread = 0.1;  // of the runs, relative to the median
constexpr int kPresetClasses = 10;

struct BenchOptions {
  std::string model;  // empty: a preset
  std::string preset = "small";
  std::string mode = "infer";
  int size = 32;
  int batch = 32;
  int threads = 0;
  double seconds = 3;
  bool json = false;
};

struct Measurement {
  std::vector<double> rates;  // images per second of each run
  std::vector<double> times;  // milliseconds of each batch
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The q-quantile by the nearest rank. REQUIRES: not empty.
double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::lround(q * static_cast<double>(values.size() - 1)))];
}

// Runs the work on batches of `batch` images for about `seconds`, after one run for the caches.
template <class Work>
Measurement measure(int batch, double seconds, const Work& work) {
  work();
  Measurement result;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    int count = 0;
    do {
      const auto batch_start = Clock::now();
      work();
      result.times.push_back(1e3 * seconds_since(batch_start));
      ++count;
    } while (seconds_since(start) < seconds / kRuns);
    result.rates.push_back(batch * count / seconds_since(start));
  }
  return result;
}

Model preset_model(const BenchOptions& options) {
  Model model{
      Network(preset_network(options.preset, options.size, kPresetClasses)), {}, {}, 1.0f, {}};
  model.network.initialise(1);
  model.preprocess.size = options.size;
  for (int c = 0; c < kPresetClasses; ++c) model.classes.push_back(std::to_string(c));
  return model;
}

// Each thread classifies a part of the batch, as the server does with a micro-batch.
Measurement measure_inference(const std::vector<std::uint8_t>& file, int batch, int threads,
                              double seconds) {
  struct Part {
    Tensor x, probabilities;
    Scratch scratch;
  };
  const Classifier classifier(file);
  const int size = classifier.model().preprocess.size;
  std::vector<Part> parts(static_cast<std::size_t>(std::min(batch, threads)));
  const int count = static_cast<int>(parts.size());
  Rng rng(2);
  for (int i = 0; i < count; ++i) {
    Tensor& x = parts[static_cast<std::size_t>(i)].x;
    x.resize({batch * (i + 1) / count - batch * i / count, size, size, 3});
    for (Scalar& value : x.values()) value = rng.uniform(-2, 2);
  }
  return measure(batch, seconds, [&] {
    parallel_for(count, count, [&](int i, int) {
      Part& part = parts[static_cast<std::size_t>(i)];
      classifier.predict(part.x, part.probabilities, part.scratch);
    });
  });
}

// Steps of the trainer on random images: augmentation, forward, backward, update.
Measurement measure_training(Model model, int batch, int threads, double seconds) {
  TrainingSet set;
  set.size = model.preprocess.size;
  set.classes = model.classes;
  const int count = std::max(batch, 256);
  Rng rng(1);
  set.pixels.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(set.size) *
                    static_cast<std::size_t>(set.size) * 3);
  for (std::uint8_t& value : set.pixels) value = static_cast<std::uint8_t>(rng.below(256));
  for (int i = 0; i < count; ++i) {
    set.labels.push_back(
        static_cast<int>(rng.below(static_cast<std::uint32_t>(set.classes.size()))));
  }
  Recipe recipe;
  recipe.batch = batch;
  const auto optimizer = make_optimizer(recipe.optimizer);
  MicroBatchRunner lanes(model.network, set, model.preprocess, recipe, threads);
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::int64_t step = 0;
  return measure(batch, seconds, [&] {
    lanes.run(std::span(order).first(static_cast<std::size_t>(batch)), 0, step++);
    optimizer->step(model.network.params(), 1e-3f, threads);
    lanes.broadcast_weights();
  });
}

std::string first_line(const char* path) {
  std::string line;
  std::getline(std::ifstream(path) >> std::ws, line);
  return line;
}

// Reasons why this machine may be slower than it could be, as sentences.
std::vector<std::string> find_obstacles(int threads, double load, double spread) {
  std::vector<std::string> found;
  const int cpus = static_cast<int>(std::thread::hardware_concurrency());
  const int usable = available_threads();
  if (usable < cpus) {
    found.push_back(fmt::format(
        "This process may use {} of {} CPUs (OMP_NUM_THREADS, CPU affinity or the CPU quota of the "
        "container).",
        usable, cpus));
  }
  if (threads > usable) {
    found.push_back(
        fmt::format("{} threads share {} CPUs; --threads {} is faster.", threads, usable, usable));
  }
  if (const char* isa = std::getenv("FOVEA_ISA")) {
    found.push_back(
        fmt::format("FOVEA_ISA={} is set; the kernels in use are {}.", isa, to_string(best_isa())));
  } else if (best_isa() == Isa::baseline) {
    found.emplace_back("This CPU has no AVX2 instructions, or they are disabled.");
  }
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (governor == "powersave") {
    found.emplace_back("The frequency governor is powersave.");
  }
  if (load > 0.5 * usable) {
    found.push_back(fmt::format("Other programs were running: the load average was {:.2f}.", load));
  }
  if (spread > kWideSpread) {
    found.push_back(fmt::format("The runs differ by {:.0f} %, so that this result is not reliable.",
                                100 * spread));
  }
  return found;
}

double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

double peak_rss_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void print_text(const Json& result) {
  const auto text = [&](const char* key) { return result[key].get<std::string>(); };
  const auto number = [&](const char* key) { return result[key].get<double>(); };
  const auto whole = [&](const char* key) { return server::counted(result[key].get<int>()); };
  fmt::print("{}, {} pixels, {}, batch {}, {} {}, {}, fp32\n\n", text("network"), whole("size"),
             text("mode") == "infer" ? "inference" : "training", whole("batch"), whole("threads"),
             result["threads"] == 1 ? "thread" : "threads", text("isa"));
  fmt::print("  images per second  {:.1f}  (from {:.1f} to {:.1f} in {} runs)\n",
             number("images_per_second"), number("min"), number("max"), kRuns);
  fmt::print("  time of a batch    {:.3f} ms, 99 % within {:.3f} ms\n", number("p50_ms"),
             number("p99_ms"));
  fmt::print("  operations         {:.1f} GFLOP/s\n", number("gflops"));
  fmt::print("  memory             {:.0f} MiB\n", number("peak_rss_mib"));
  for (const Json& obstacle : result["obstacles"]) {
    fmt::print("\n{}", obstacle.get<std::string>());
  }
  if (!result["obstacles"].empty()) fmt::print("\n");
}

void bench(const BenchOptions& options) {
  const double load = load_average();
  const int threads = threads_or_all(options.threads);
  const bool preset = options.model.empty();
  std::vector<std::uint8_t> file =
      preset ? write_model(preset_model(options)) : read_model_argument(options.model).bytes;
  Model model = read_model(file);
  // A training step takes three times the operations of a forward pass: forward, the gradient of
  // the inputs and that of the weights.
  const bool training = options.mode == "train";
  const double flops = static_cast<double>(model.network.flops()) * (training ? 3 : 1);
  const std::string network = preset ? options.preset : options.model;
  const int size = model.preprocess.size;
  const Measurement measured =
      training ? measure_training(std::move(model), options.batch, threads, options.seconds)
               : measure_inference(file, options.batch, threads, options.seconds);
  const double rate = quantile(measured.rates, 0.5);
  const auto [min, max] = std::minmax_element(measured.rates.begin(), measured.rates.end());
  const Json result{{"network", network},
                    {"size", size},
                    {"mode", options.mode},
                    {"batch", options.batch},
                    {"threads", threads},
                    {"dtype", "fp32"},
                    {"isa", to_string(best_isa())},
                    {"images_per_second", rate},
                    {"min", *min},
                    {"max", *max},
                    {"p50_ms", quantile(measured.times, 0.5)},
                    {"p99_ms", quantile(measured.times, 0.99)},
                    {"gflops", rate * flops * 1e-9},
                    {"peak_rss_mib", peak_rss_mib()},
                    {"load_average", load},
                    {"obstacles", find_obstacles(threads, load, (*max - *min) / rate)}};
  options.json ? fmt::print("{}\n", result.dump()) : print_text(result);
}

}  // namespace

void add_bench(Verb& program) {
  Verb verb = program.verb("bench", "Measure how fast this machine computes a network");
  const auto options = std::make_shared<BenchOptions>();
  const Option model = verb.option("model", options->model, kModelHelp);
  const Option preset =
      verb.option("--preset", options->preset, "Network with random weights, if there is no model")
          .one_of(preset_names())
          .show_default();
  const Option size = verb.option("--size", options->size, "Width and height of a preset's images")
                          .value_name("PIXELS")
                          .range(8, 512)
                          .show_default();
  verb.option("--mode", options->mode, "Inference or training")
      .one_of({"infer", "train"})
      .show_default();
  verb.option("--batch", options->batch, "Images of a batch")
      .value_name("N")
      .range(1, 4096)
      .show_default();
  add_threads(verb, options->threads);
  verb.option("--seconds", options->seconds, "Time for all runs")
      .value_name("S")
      .range(0.1, 600.0)
      .show_default();
  verb.flag("--json", options->json, "Print a JSON object");
  verb.action([options, model, preset, size] {
    if (model.given() && (preset.given() || size.given())) {
      throw UsageError("give either a model or --preset and --size");
    }
    bench(*options);
  });
}

}  // namespace fovea::tools
