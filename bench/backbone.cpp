// Benchmarks inference with a backbone on one thread: CPU milliseconds of an image, at several
// batch sizes, on random inputs. CPU time depends less on other programs than the time that passes.
//
// usage: bench_backbone time MODEL [--quick]
//        bench_backbone resize MODEL SIZE OUT   the same weights for images of another size

#include <algorithm>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "bench/harness.h"
#include "engine/core/file.h"
#include "engine/core/rng.h"
#include "engine/model/model_file.h"

namespace fovea::bench {
namespace {

void time_model(const std::string& path, const Options& options) {
  const Model model = read_model(read_file(path));
  const Network network = fold_batch_norm(model.network);
  const int size = model.preprocess.size;
  for (const int batch : {1, 32}) {
    Tensor x({batch, size, size, 3}), logits;
    Rng rng(1);
    for (Scalar& value : x.values()) value = rng.uniform(-1, 1);
    Scratch scratch;
    const auto run_seconds = [&](int repeats) {
      const std::clock_t start = std::clock();
      for (int i = 0; i < repeats; ++i) network.infer(x, logits, scratch);
      return double(std::clock() - start) / CLOCKS_PER_SEC / repeats;
    };
    run_seconds(1);  // warm-up
    const int repeats = std::max(1, static_cast<int>(options.run_seconds / run_seconds(1)));
    std::vector<double> times;
    for (int i = 0; i < options.runs; ++i) times.push_back(1e3 * run_seconds(repeats) / batch);
    report("infer backbone", 1, "CPU ms/image", times,
           {{"size", size},
            {"batch", batch},
            {"scratch_mib", double(scratch.bytes()) / double(1 << 20)}});
  }
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
  if (argc > 3 && std::strcmp(argv[3], "--quick") == 0) options = {0.1, 5};
  try {
    if (task == "time" && argc > 2) {
      fovea::bench::time_model(argv[2], options);
    } else if (task == "resize" && argc > 4) {
      fovea::bench::resize_model(argv[2], std::stoi(argv[3]), argv[4]);
    } else {
      std::fprintf(stderr, "usage: bench_backbone time MODEL [--quick] | resize MODEL SIZE OUT\n");
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_backbone: %s\n", error.what());
    return 1;
  }
}
