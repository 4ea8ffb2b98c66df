// Benchmarks the convolution kernels on the layer shapes of preset `small`: forward, input gradient
// (dx) and weight gradient (dw), in GFLOP/s, direct and im2col, on 1 thread and on all threads.
// Each result is compared with im2col before it is timed.
//
// usage: bench_kernels [--quick]

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "bench/harness.h"
#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "engine/kernels/conv.h"

namespace fovea::bench {
namespace {

using kernels::ConvScratch;
using kernels::ConvShape;

constexpr int kLaneImages = 16;  // images per lane

// Buffers of one thread for all passes of a convolution.
struct Lane {
  Tensor x, dy, y, dx, dw;
  ConvScratch scratch;
};

struct Layer {
  ConvShape shape;
  Tensor weights, packed, bias;
  std::vector<Lane> lanes;
};

void fill(Tensor& tensor, Shape shape, Rng rng) {
  tensor.resize(shape);
  for (Scalar& value : tensor.values()) value = rng.uniform(-1, 1);
}

Layer make_layer(const ConvShape& s, int lanes) {
  Layer layer;
  layer.shape = s;
  const Rng rng(1);
  fill(layer.weights, {s.kernel, s.kernel, s.c, s.out}, rng.split(1));
  fill(layer.bias, {1, 1, 1, s.out}, rng.split(2));
  kernels::pack_weights(layer.weights.data(), s, layer.packed);
  layer.lanes.resize(lanes);
  for (int i = 0; i < lanes; ++i) {
    Lane& lane = layer.lanes[i];
    fill(lane.x, {kLaneImages, s.h, s.w, s.c}, rng.split(10 + i));
    fill(lane.dy, {kLaneImages, s.out_h(), s.out_w(), s.out}, rng.split(1000 + i));
    lane.y.resize(lane.dy.shape());
    lane.dx.resize(lane.x.shape());
    lane.dw.resize(layer.weights.shape());
    lane.dw.fill(0);
  }
  return layer;
}

enum class Pass { forward, dx, dw };
constexpr const char* kPassNames[] = {"forward", "dx", "dw"};

void run_direct(const Layer& layer, Lane& lane, Pass pass) {
  const ConvShape& s = layer.shape;
  switch (pass) {
    case Pass::forward:
      return kernels::conv_forward(lane.x.data(), kLaneImages, s, layer.packed.data(),
                                   layer.bias.data(), lane.y.data(), lane.scratch);
    case Pass::dx:
      return kernels::conv_backward_input(lane.dy.data(), kLaneImages, s, layer.weights.data(),
                                          lane.dx.data(), lane.scratch);
    case Pass::dw:
      return kernels::conv_backward_weights(lane.x.data(), lane.dy.data(), kLaneImages, s,
                                            lane.dw.data(), nullptr, lane.scratch);
  }
}

void run_im2col(const Layer& layer, Lane& lane, Pass pass) {
  const ConvShape& s = layer.shape;
  switch (pass) {
    case Pass::forward:
      return kernels::conv_forward_im2col(lane.x.data(), kLaneImages, s, layer.weights.data(),
                                          layer.bias.data(), lane.y.data(), lane.scratch);
    case Pass::dx:
      return kernels::conv_backward_input_im2col(
          lane.dy.data(), kLaneImages, s, layer.weights.data(), lane.dx.data(), lane.scratch);
    case Pass::dw:
      return kernels::conv_backward_weights_im2col(lane.x.data(), lane.dy.data(), kLaneImages, s,
                                                   lane.dw.data(), nullptr, lane.scratch);
  }
}

const Tensor& output(const Lane& lane, Pass pass) {
  return pass == Pass::forward ? lane.y : pass == Pass::dx ? lane.dx : lane.dw;
}

// Throws when the two forms differ by more than rounding, measured against the largest value.
void verify(Layer& layer, Pass pass) {
  Lane& lane = layer.lanes[0];
  lane.dw.fill(0);
  run_im2col(layer, lane, pass);
  const Tensor expected = output(lane, pass).clone();
  lane.dw.fill(0);
  run_direct(layer, lane, pass);
  const Tensor& got = output(lane, pass);
  double worst = 0, largest = 0;
  for (std::int64_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(double(got.data()[i]) - double(expected.data()[i])));
    largest = std::max(largest, std::abs(double(expected.data()[i])));
  }
  if (!(worst <= 2e-5 * largest)) {
    throw std::runtime_error(std::string("direct and im2col differ in ") +
                             kPassNames[static_cast<int>(pass)] + ": " + std::to_string(worst) +
                             " of " + std::to_string(largest));
  }
}

template <typename Run>
void time_pass(Layer& layer, Pass pass, int threads, const char* how, const Run& run,
               const Options& options) {
  const ConvShape& s = layer.shape;
  const int lanes = static_cast<int>(layer.lanes.size());
  const std::string name = std::string("conv ") + kPassNames[static_cast<int>(pass)] + " " +
                           std::to_string(s.c) + "->" + std::to_string(s.out) + " " +
                           std::to_string(s.h) + "x" + std::to_string(s.w);
  const double gflop = double(s.flops()) * kLaneImages * lanes * 1e-9;
  const auto rates = measure(
      gflop,
      [&] {
        parallel_for(lanes, threads, [&](int lane, int) { run(layer, layer.lanes[lane], pass); });
      },
      options);
  report(name, threads, "GFLOP/s", rates, {{"how", how}, {"images", kLaneImages * lanes}});
}

void bench_kernels(const Options& options) {
  const ConvShape shapes[] = {{32, 32, 3, 32},  {32, 32, 32, 32}, {16, 16, 32, 64},
                              {16, 16, 64, 64}, {8, 8, 64, 128},  {8, 8, 128, 128}};
  std::vector<int> thread_counts = {1};
  if (available_threads() > 1) thread_counts.push_back(available_threads());
  for (const ConvShape& s : shapes) {
    for (const Pass pass : {Pass::forward, Pass::dx, Pass::dw}) {
      if (pass == Pass::dx && s.c == 3)
        continue;  // training does not need the gradient of the image
      for (const int threads : thread_counts) {
        Layer layer = make_layer(s, 2 * threads);
        verify(layer, pass);
        time_pass(layer, pass, threads, "direct", run_direct, options);
        time_pass(layer, pass, threads, "im2col", run_im2col, options);
      }
    }
  }
}

}  // namespace
}  // namespace fovea::bench

int main(int argc, char** argv) {
  fovea::bench::Options options;
  if (argc > 1 && std::strcmp(argv[1], "--quick") == 0) options = {0.02, 5};
  try {
    fovea::bench::bench_kernels(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_kernels: %s\n", error.what());
    return 1;
  }
}
