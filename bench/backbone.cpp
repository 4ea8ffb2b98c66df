// Benchmarks inference with a backbone: CPU milliseconds and milliseconds that pass for an image,
// at several batch sizes, on random inputs. CPU time depends less on other programs.
//
// usage: bench_backbone time MODEL THREADS [--quick]
//        bench_backbone layers MODEL [THREADS]  GFLOP/s of each layer or block
//        bench_backbone resize MODEL SIZE OUT   the same weights for images of another size

#include <algorithm>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "bench/harness.h"
#include "engine/core/cpu.h"
#include "engine/core/file.h"
#include "engine/core/rng.h"
#include "engine/model/model_file.h"
#include "engine/nn/inverted_residual.h"

namespace fovea::bench {
namespace {

void time_model(const std::string& path, int threads, const Options& options) {
  const Model model = read_model(read_file(path));
  const Network network = fold_batch_norm(model.network);
  const int size = model.preprocess.size;
  for (const int batch : {1, 32}) {
    Tensor x({batch, size, size, 3}), logits;
    Rng rng(1);
    for (Scalar& value : x.values()) value = rng.uniform(-1, 1);
    Scratch scratch;
    scratch.threads = threads;
    std::vector<double> times, passed;
    const auto run = [&](int repeats) {
      const std::clock_t start = std::clock();
      const double begin = seconds_now();
      for (int i = 0; i < repeats; ++i) network.infer(x, logits, scratch);
      passed.push_back(1e3 * (seconds_now() - begin) / repeats / batch);
      times.push_back(1e3 * double(std::clock() - start) / CLOCKS_PER_SEC / repeats / batch);
    };
    run(1);  // warm-up
    run(1);
    const int repeats =
        std::max(1, static_cast<int>(1e3 * options.run_seconds / passed.back() / batch));
    times.clear();
    passed.clear();
    for (int i = 0; i < options.runs; ++i) run(repeats);
    report("infer backbone", threads, "CPU ms/image", times,
           {{"size", size},
            {"batch", batch},
            {"passed_ms", quantile(passed, 0.5)},
            {"isa", to_string(best_isa())},
            {"scratch_mib", double(scratch.bytes()) / double(1 << 20)}});
  }
}

// The layers that infer() computes as one step, beginning with `first`.
std::size_t step_length(const std::vector<LayerSpec>& layers, std::size_t first) {
  const auto is_activation = [&](std::size_t i) {
    return i < layers.size() && std::holds_alternative<Relu6Spec>(layers[i].kind);
  };
  const bool convolution = std::holds_alternative<Conv2dSpec>(layers[first].kind);
  if (convolution && is_activation(first + 1) && is_activation(first + 3)) {
    return InvertedResidual::kLayers;
  }
  return is_activation(first + 1) ? 2 : 1;
}

// The rate of a product whose operands stay in the first-level cache, which is a little below that
// of multiply-adds alone.
double peak_gflops() {
  const kernels::ConvShape s{28, 6, 128, 32, 1, 1, 0};
  Tensor x({1, s.h, s.w, s.c}), w({1, 1, s.c, s.out}), y({1, s.h, s.w, s.out});
  const auto packed = kernels::pack_matrix(w.data(), nullptr, s.c, s.out);
  kernels::ConvScratch scratch;
  const auto rates = measure(double(s.flops()) / 1e9, [&] {
    kernels::conv_infer(x.data(), 1, s, packed, kernels::Activation::none, nullptr, y.data(),
                        scratch, 1);
  });
  return *std::max_element(rates.begin(), rates.end());
}

void time_layers(const std::string& path, int threads) {
  const Model model = read_model(read_file(path));
  const Network network = fold_batch_norm(model.network);
  const auto& layers = network.spec().layers;
  const double peak = peak_gflops();
  std::printf("%s: a product in the first-level cache reaches %.0f GFLOP/s\n",
              to_string(best_isa()), peak);
  std::printf("%-34s%-12s%8s%8s%9s%5s\n", "layers", "input", "MFLOP", "us", "GFLOP/s", "%");
  Shape shape = network.spec().input;
  double total = 0;
  for (std::size_t i = 0; i < layers.size();) {
    const std::size_t count = step_length(layers, i);
    const std::vector<LayerSpec> step(layers.begin() + std::ptrdiff_t(i),
                                      layers.begin() + std::ptrdiff_t(i + count));
    Sequential sequential = build_layers(step, shape, "");
    sequential.prepare();
    Tensor x(shape), y(sequential.output_shape(shape));
    Scratch scratch;
    scratch.threads = threads;
    const double mflop = double(sequential.flops(shape)) / 1e6;
    const auto rates = measure(1e-6, [&] { sequential.infer(x, y, scratch); }, {0.03, 7});
    const double us = 1 / *std::max_element(rates.begin(), rates.end());
    total += us;
    std::printf("%-34s%-12s%8.2f%8.0f%9.0f%5.0f\n", describe_layer(step.front(), shape).c_str(),
                to_string(shape).c_str(), mflop, us, 1e3 * mflop / us, 1e5 * mflop / us / peak);
    shape = y.shape();
    i += count;
  }
  std::printf("%-54s%8.0f\n", "sum", total);
}

void resize_model(const std::string& path, int size, const std::string& out) {
  Model model = read_model(read_file(path));
  NetworkSpec spec = model.network.spec();
  spec.input.h = spec.input.w = size;
  Network network(spec);
  network.copy_values(model.network);
  model.network = std::move(network);
  model.preprocess.size = size;
  write_file_atomically(out, write_model(model));
}

}  // namespace
}  // namespace fovea::bench

int main(int argc, char** argv) {
  const std::string task = argc > 1 ? argv[1] : "";
  fovea::bench::Options options{0.5, 7};
  if (argc > 4 && std::strcmp(argv[4], "--quick") == 0) options = {0.1, 5};
  try {
    if (task == "time" && argc > 3) {
      fovea::bench::time_model(argv[2], std::stoi(argv[3]), options);
    } else if (task == "layers" && argc > 2) {
      fovea::bench::time_layers(argv[2], argc > 3 ? std::stoi(argv[3]) : 1);
    } else if (task == "resize" && argc > 4) {
      fovea::bench::resize_model(argv[2], std::stoi(argv[3]), argv[4]);
    } else {
      std::fprintf(stderr,
                   "usage: bench_backbone time MODEL THREADS [--quick] | layers MODEL [THREADS] | "
                   "resize MODEL SIZE OUT\n");
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_backbone: %s\n", error.what());
    return 1;
  }
}
