// Comparison with PyTorch for the same network, weights and batch. tools/dev/make_golden.py wrote
// the file.

#include <cmath>
#include <cstring>
#include <map>

#include "engine/core/file.h"
#include "engine/model/network.h"
#include "engine/model/weight_layout.h"
#include "engine/nn/loss.h"
#include "engine/train/optimizer.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

using Golden = std::map<std::string, std::vector<float>>;

Golden read_golden() {
  const auto bytes = read_file(std::string(FOVEA_SOURCE_DIR) + "/tests/data/golden/small_net.bin");
  std::size_t at = 8;
  const auto u32 = [&] {
    std::uint32_t value;
    std::memcpy(&value, bytes.data() + at, 4);
    at += 4;
    return value;
  };
  Golden golden;
  for (std::uint32_t arrays = u32(); arrays > 0; --arrays) {
    const std::uint32_t length = u32();
    const std::string name(reinterpret_cast<const char*>(bytes.data()) + at, length);
    at += length;
    std::size_t count = 1;
    for (std::uint32_t rank = u32(); rank > 0; --rank) count *= u32();
    auto& values = golden[name];
    values.resize(count);
    std::memcpy(values.data(), bytes.data() + at, 4 * count);
    at += 4 * count;
  }
  REQUIRE(at == bytes.size());
  return golden;
}

NetworkSpec golden_spec() {
  NetworkSpec spec{.input = {1, 8, 8, 3}, .layers = {}};
  for (const LayerSpec& layer : std::vector<LayerSpec>{
           {Conv2dSpec{.out = 6, .bias = false}},
           {BatchNormSpec{}},
           {ReluSpec{}},
           {Conv2dSpec{.out = 8, .stride = 2}},
           {GeluSpec{}},
           {MaxPoolSpec{}},
           {ResidualSpec{{{Conv2dSpec{.out = 8, .bias = false}}, {BatchNormSpec{}}, {ReluSpec{}}}}},
           {FlattenSpec{}},
           {DenseSpec{12, false}},
           {BatchNormSpec{}},
           {ReluSpec{}},
           {DenseSpec{5}}}) {
    spec.layers.push_back(layer);
  }
  return spec;
}

// The numbers of one PyTorch array in the memory order of the engine.
std::vector<float> in_memory_order(const Golden& golden, const std::string& prefix,
                                   const std::string& name, const NetworkSpec& spec) {
  for (const WeightLayout& layout : weight_layouts(spec)) {
    if (layout.name != name) continue;
    const auto& values = golden.at(prefix + name);
    const auto order = layout.memory_order();
    REQUIRE(order.size() == values.size());
    std::vector<float> sorted(values.size());
    for (std::size_t i = 0; i < order.size(); ++i) sorted[order[i]] = values[i];
    return sorted;
  }
  FAIL("no layout for " + name);
  return {};
}

// The largest difference divided by the largest number, which is at least a small constant.
template <typename A>
double error(const A& got, const std::vector<float>& expected, double floor) {
  REQUIRE(std::size(got) == expected.size());
  double scale = floor, difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    scale = std::max(scale, std::abs(double{expected[i]}));
    difference = std::max(difference, std::abs(double{got[i]} - expected[i]));
  }
  return difference / scale;
}

struct Setup {
  Golden golden = read_golden();
  Network network{golden_spec()};
  Tensor x{{6, 8, 8, 3}};
  std::vector<int> labels;
  LossOptions options{.label_smoothing = 0.1f, .class_weights = {}};

  Setup() {
    std::copy_n(golden.at("x").data(), x.size(), x.data());
    for (float label : golden.at("labels")) labels.push_back(static_cast<int>(label));
    for (Param* param : network.params()) {
      const auto values = in_memory_order(golden, "weight/", param->name, network.spec());
      std::copy(values.begin(), values.end(), param->value.data());
    }
  }
};

}  // namespace

TEST_CASE("activations and loss and gradients equal those of PyTorch", "[engine][nn]") {
  Setup s;
  Tensor dlogits;
  const Tensor& logits = s.network.forward(s.x, Rng(1));
  CHECK(error(logits.values(), s.golden.at("activation/11"), 1e-3) < 1e-5);
  const double loss = softmax_cross_entropy(logits, s.labels, s.options, dlogits, 1.0f / 6);
  CHECK(loss / 6 == Approx(s.golden.at("loss")[0]).epsilon(1e-6));
  s.network.zero_gradients();
  s.network.backward(dlogits);
  for (const Param* param : s.network.params()) {
    CAPTURE(param->name);
    const auto expected = in_memory_order(s.golden, "gradient/", param->name, s.network.spec());
    CHECK(error(param->grad.values(), expected, 1e-3) < 2e-5);
  }
}

TEST_CASE("each prefix of the network gives the activation of PyTorch", "[engine][nn]") {
  const Setup s;
  const NetworkSpec whole = golden_spec();
  for (std::size_t length = 1; length <= whole.layers.size(); ++length) {
    // A network must end in a vector, so the maps of both are averaged.
    NetworkSpec spec = whole;
    spec.layers.resize(length);
    const bool map = length <= 7;
    if (map) spec.layers.push_back({GlobalAvgPoolSpec{}});
    Network part(spec);
    for (std::size_t i = 0; i < part.params().size(); ++i) {
      part.params()[i]->value.copy_from(s.network.params()[i]->value);
    }
    const auto& golden = s.golden.at("activation/" + std::to_string(length - 1));
    const Tensor& got = part.forward(s.x, Rng(1));
    const int channels = part.outputs();
    if (length == 8) continue;  // Flatten has another order; its neighbours are compared
    std::vector<float> expected(6 * channels);
    const std::size_t pixels = golden.size() / expected.size();
    for (std::size_t i = 0; i < golden.size(); ++i) {
      expected[i / (pixels * channels) * channels + i % channels] += golden[i] / float(pixels);
    }
    CAPTURE(length);
    CHECK(error(got.values(), expected, 1e-3) < 1e-5);
  }
}

TEST_CASE("ten Adam steps give the losses and logits of PyTorch", "[engine][nn]") {
  Setup s;
  const auto adam = make_optimizer({.kind = OptimizerKind::adam});
  Tensor dlogits;
  for (float expected : s.golden.at("adam_losses")) {
    s.network.zero_gradients();
    const Tensor& logits = s.network.forward(s.x, Rng(1));
    const double loss = softmax_cross_entropy(logits, s.labels, s.options, dlogits, 1.0f / 6) / 6;
    CHECK(loss == Approx(expected).epsilon(1e-4));
    s.network.backward(dlogits);
    s.network.update_statistics();
    adam->step(s.network.params(), 1e-2f);
  }
  Tensor logits;
  Scratch scratch;
  s.network.infer(s.x, logits, scratch);
  CHECK(error(logits.values(), s.golden.at("eval_logits"), 1e-3) < 1e-3);
}
