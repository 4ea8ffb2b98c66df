#include "engine/model/network.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/model/backbones.h"
#include "engine/model/fold.h"
#include "engine/model/presets.h"
#include "engine/nn/conv2d.h"
#include "tests/support/catch.h"
#include "tests/support/reference.h"

using namespace fovea;

namespace {

// Every kind of layer; batch norm after convolutions, after dense layers, alone, and in a block.
NetworkSpec mixed_spec() {
  NetworkSpec spec{.input = {1, 12, 12, 3}, .layers = {}};
  for (const LayerSpec& layer : std::vector<LayerSpec>{
           {Conv2dSpec{.out = 8, .bias = false}},
           {BatchNormSpec{}},
           {ReluSpec{}},
           {DropoutSpec{0.2f}},
           {Conv2dSpec{.out = 10}},
           {DropoutSpec{0.2f}},
           {BatchNormSpec{}},
           {GeluSpec{}},
           {MaxPoolSpec{}},
           {ResidualSpec{{{ReluSpec{}}, {Conv2dSpec{.out = 10}}, {BatchNormSpec{}}, {ReluSpec{}}}}},
           {BatchNormSpec{}},
           {ReluSpec{}},
           {Conv2dSpec{12, 1, 1, 0, false}},
           {BatchNormSpec{}},
           {Relu6Spec{}},
           {DepthwiseConv2dSpec{3, 2, kSamePadding, false}},
           {BatchNormSpec{}},
           {Relu6Spec{}},
           {FlattenSpec{}},
           {DenseSpec{16, false}},
           {BatchNormSpec{}},
           {ReluSpec{}},
           {DenseSpec{4}}}) {
    spec.layers.push_back(layer);
  }
  return spec;
}

Network trained_network(const NetworkSpec& spec = mixed_spec()) {
  Network network(spec);
  network.initialise(1);
  Rng rng(2);
  for (Param* param : network.params()) {
    if (param->layout != Layout::vector) continue;
    for (Scalar& value : param->value.values()) value += 0.3f * rng.normal();
  }
  for (Buffer* buffer : network.buffers()) {
    const bool variance = buffer->name.ends_with("running_var");
    for (Scalar& value : buffer->value.values()) {
      value = variance ? 0.5f + rng.uniform() : 0.2f * rng.normal();
    }
  }
  return network;
}

Tensor random_input(int n) {
  Tensor x({n, 12, 12, 3});
  Rng rng(3);
  test::fill_normal(x, rng);
  return x;
}

}  // namespace

TEST_CASE("folding batch norm does not change the logits", "[engine][model]") {
  const Network network = trained_network();
  const Network folded = fold_batch_norm(network);
  CHECK(folded.spec().layers.size() < network.spec().layers.size());
  CHECK(folded.buffers().size() == 2);  // only the batch norm after the residual block remains
  const Tensor x = random_input(5);
  Tensor expected, got;
  Scratch scratch;
  network.infer(x, expected, scratch);
  folded.infer(x, got, scratch);
  CHECK(test::relative_error(got, expected) < 1e-5);
}

TEST_CASE("inference on a batch gives the same bits as on single images in several threads",
          "[engine][model]") {
  const Network folded = fold_batch_norm(trained_network());
  const Tensor x = random_input(8);
  Tensor together;
  Scratch scratch;
  folded.infer(Tensor({0, 12, 12, 3}), together, scratch);
  CHECK(together.shape() == Shape{0, 1, 1, 4});
  folded.infer(x, together, scratch);
  std::vector<char> same(8);
  parallel_for(8, 4, [&](int i, int) {
    Tensor one({1, 12, 12, 3}), logits;
    Scratch own;
    std::copy_n(x.image(i), one.size(), one.data());
    folded.infer(one, logits, own);
    same[i] = std::equal(logits.data(), logits.data() + 4, together.image(i));
  });
  CHECK(std::ranges::count(same, 1) == 8);
}

TEST_CASE("a large image takes bounded memory in any batch and no allocation after the first",
          "[engine][model]") {
  Network network(backbone_network("efficientnet-lite0", 224, 2));
  network.initialise(1);
  const Network folded = fold_batch_norm(network);
  Tensor x({1, 224, 224, 3}), one, three, batch({3, 224, 224, 3});
  Rng rng(2);
  test::fill_normal(x, rng);
  for (int i = 0; i < 3; ++i) std::copy_n(x.data(), x.size(), batch.image(i));
  Scratch scratch;
  folded.infer(x, one, scratch);
  const std::int64_t first = scratch.bytes();
  CHECK(first <= 25 << 20);
  folded.infer(x, one, scratch);
  CHECK(scratch.bytes() == first);
  folded.infer(batch, three, scratch);
  CHECK(scratch.bytes() <= 25 << 20);  // image by image
  for (int i = 0; i < 3; ++i) CHECK(std::equal(one.data(), one.data() + 2, three.image(i)));
}

TEST_CASE("groups of images give the same bits as single images", "[engine][model]") {
  Network network(backbone_network("efficientnet-lite0", 96, 3));
  network.initialise(3);
  const Network folded = fold_batch_norm(network);
  Tensor x({9, 96, 96, 3}), together, features;  // more than one group
  Rng rng(4);
  test::fill_normal(x, rng);
  Scratch scratch;
  folded.infer(x, together, scratch);
  folded.infer_features(x, features, scratch);
  CHECK(features.shape() == Shape{9, 1, 1, 1280});
  for (int i = 0; i < 9; ++i) {
    Tensor one({1, 96, 96, 3}), logits;
    std::copy_n(x.image(i), one.size(), one.data());
    Scratch own;
    folded.infer(one, logits, own);
    CHECK(std::equal(logits.data(), logits.data() + 3, together.image(i)));
  }
}

TEST_CASE("a fused activation gives the same bits as a separate one", "[engine][model]") {
  for (const LayerSpec& activation : std::vector<LayerSpec>{{ReluSpec{}}, {Relu6Spec{}}}) {
    const NetworkSpec spec{.input = {1, 9, 9, 8},
                           .layers = {{Conv2dSpec{20}},
                                      activation,
                                      {DepthwiseConv2dSpec{5, 2, kSamePadding, true}},
                                      activation,
                                      {ResidualSpec{{{Conv2dSpec{20, 1, 1, 0}}, activation}}},
                                      {GlobalAvgPoolSpec{}},
                                      {DenseSpec{7}},
                                      activation}};
    Network network(spec);
    network.initialise(11);
    for (Param* param : network.params()) {
      for (Scalar& value : param->value.values()) value *= 3;  // beyond 6
    }
    Network prepared = network.clone();
    prepared.prepare();
    Tensor x({2, 9, 9, 8}), expected, got;
    Rng rng(12);
    test::fill_normal(x, rng);
    Scratch scratch;
    network.infer(x, expected, scratch);
    prepared.infer(x, got, scratch);
    CHECK(std::ranges::equal(got.values(), expected.values()));
  }
}

TEST_CASE("an inverted residual block gives the logits of its layers with any number of threads",
          "[engine][model]") {
  const std::vector<LayerSpec> block{{Conv2dSpec{48, 1, 1, 0}},
                                     {Relu6Spec{}},
                                     {DepthwiseConv2dSpec{5, 1, kSamePadding, true}},
                                     {ReluSpec{}},
                                     {Conv2dSpec{12, 1, 1, 0}}};
  std::vector<LayerSpec> layers{{Conv2dSpec{12}}};
  layers.insert(layers.end(), block.begin(), block.end());
  layers.push_back({Relu6Spec{}});  // computed by the block
  layers.push_back({ResidualSpec{block}});
  layers.push_back({GlobalAvgPoolSpec{}});
  layers.push_back({DenseSpec{7}});
  Network network({.input = {1, 40, 36, 3}, .layers = layers});
  network.initialise(21);
  Network prepared = network.clone();
  prepared.prepare();
  Tensor x({5, 40, 36, 3}), expected, got;
  Rng rng(22);
  test::fill_normal(x, rng);
  Scratch scratch;
  network.infer(x, expected, scratch);
  for (const int threads : {1, 2, 4}) {
    scratch.threads = threads;
    prepared.infer(x, got, scratch);
    CHECK(test::relative_error(got, expected) < 1e-5);
    Tensor one({1, 40, 36, 3}), logits;
    std::copy_n(x.image(4), one.size(), one.data());
    prepared.infer(one, logits, scratch);
    CHECK(std::equal(logits.data(), logits.data() + 7, got.image(4)));
    if (threads == 1) expected.copy_from(got);
    CHECK(std::ranges::equal(got.values(), expected.values()));
  }
}

TEST_CASE("a clone gives the same logits and shares no memory", "[engine][model]") {
  Network network = trained_network();
  Network copy = network.clone();
  const Tensor x = random_input(2);
  Tensor before, after;
  Scratch scratch;
  copy.infer(x, before, scratch);
  for (Param* param : network.params()) param->value.fill(0);
  copy.infer(x, after, scratch);
  CHECK(std::ranges::equal(before.values(), after.values()));
  Tensor zero;
  network.infer(x, zero, scratch);
  CHECK_FALSE(std::ranges::equal(zero.values(), after.values()));
}

TEST_CASE("a widened head keeps the old logits and gives zero for new classes", "[engine][model]") {
  Network network(preset_network("tiny", 8, 3));
  network.initialise(5);
  network.head_bias()->value.data()[1] = 0.25f;
  const Network wider = network.with_outputs(5);
  CHECK(wider.outputs() == 5);
  Tensor x({2, 8, 8, 3}), before, after;
  Rng rng(6);
  for (Scalar& value : x.values()) value = rng.normal();
  Scratch scratch;
  network.infer(x, before, scratch);
  wider.infer(x, after, scratch);
  for (int n = 0; n < 2; ++n) {
    for (int j = 0; j < 3; ++j) CHECK(after.image(n)[j] == before.image(n)[j]);
    for (int j = 3; j < 5; ++j) CHECK(after.image(n)[j] == 0);
  }
  CHECK_THROWS_WITH(network.with_outputs(2), ContainsSubstring("cannot shrink to 2"));
}

TEST_CASE("weights are a function of the seed", "[engine][model]") {
  Network a(mixed_spec()), b(mixed_spec()), c(mixed_spec());
  a.initialise(7);
  b.initialise(7);
  c.initialise(8);
  CHECK(std::ranges::equal(a.params()[0]->value.values(), b.params()[0]->value.values()));
  CHECK_FALSE(std::ranges::equal(a.params()[0]->value.values(), c.params()[0]->value.values()));
}

TEST_CASE("He initialisation has variance 2 / fan-in and Dirac passes channels through",
          "[engine][model]") {
  NetworkSpec spec{.input = {1, 4, 4, 16},
                   .layers = {{Conv2dSpec{.out = 64, .bias = false}}, {GlobalAvgPoolSpec{}}}};
  Network network(spec);
  network.initialise(9);
  const Tensor& w = network.params()[0]->value;
  double squares = 0;
  for (Scalar value : w.values()) squares += double{value} * value;
  CHECK(squares / double(w.size()) == Approx(2.0 / (9 * 16)).epsilon(0.05));
  network.initialise(9, Init::dirac);
  const Scalar* middle = w.data() + 4 * 16 * 64;
  for (int in = 0; in < 16; ++in) {
    for (int out = 0; out < 16; ++out) CHECK(middle[in * 64 + out] == (in == out ? 1 : 0));
  }
  spec.layers = {{DepthwiseConv2dSpec{}}, {GlobalAvgPoolSpec{}}};
  Network depthwise(spec);
  depthwise.initialise(9, Init::dirac);
  const auto values = depthwise.params()[0]->value.values();
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == (i / 16 == 4 ? 1 : 0));
}

TEST_CASE("an invalid network is rejected naming the layer with its kind and input shape",
          "[engine][model]") {
  NetworkSpec spec{.input = {1, 4, 4, 3},
                   .layers = {{ReluSpec{}}, {MaxPoolSpec{3}}, {MaxPoolSpec{3}}}};
  CHECK_THROWS_WITH(Network(spec), ContainsSubstring("layer 2, MaxPool(3) on 1x1x3"));
  spec.layers = {{ResidualSpec{{{Conv2dSpec{.out = 4}}}}}};
  CHECK_THROWS_WITH(Network(spec), ContainsSubstring("residual block must keep its shape"));
  spec.layers = {{ReluSpec{}}};
  CHECK_THROWS_WITH(Network(spec), ContainsSubstring("one number per class"));
  spec.layers = {{DenseSpec{3}}};
  CHECK_THROWS_AS(Network(spec), ShapeError);
  spec.layers = {{GlobalAvgPoolSpec{}}};
  const Network network(spec);
  Tensor x({1, 5, 4, 3}), logits;
  Scratch scratch;
  CHECK_THROWS_WITH(network.infer(x, logits, scratch), ContainsSubstring("takes 4x4x3, not 5x4x3"));
}

TEST_CASE("training without batch-norm layers gives the gradients of frozen ones",
          "[engine][model]") {
  NetworkSpec spec = mixed_spec();
  std::erase_if(spec.layers, [](const LayerSpec& layer) {
    return std::holds_alternative<DropoutSpec>(layer.kind);
  });
  Network network = trained_network(spec);
  network.freeze_statistics();
  FoldedTraining training(network);
  CHECK(training.folded().params().size() < network.params().size());
  const Tensor x = random_input(5);
  Tensor dlogits({5, 1, 1, network.outputs()});
  Rng rng(8);
  test::fill_normal(dlogits, rng);
  for (int round = 0; round < 2; ++round) {
    network.zero_gradients();
    const Tensor& expected = network.forward(x, Rng(1));
    const Tensor& got = training.folded().forward(x, Rng(1));
    CHECK(test::relative_error(got, expected) < 1e-5);
    network.backward(dlogits);
    std::vector<Tensor> gradients;
    for (const Param* param : network.params()) gradients.emplace_back().copy_from(param->grad);
    training.folded().zero_gradients();
    training.folded().backward(dlogits);
    training.unfold_gradients();
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      INFO(network.params()[k]->name);
      CHECK(test::relative_error(network.params()[k]->grad, gradients[k]) < 1e-4);
    }
    // The weights change, and the folded ones follow.
    for (Param* param : network.params()) {
      for (std::int64_t i = 0; i < param->value.size(); ++i) {
        param->value.data()[i] -= 0.01f * param->grad.data()[i];
      }
    }
    training.fold_weights();
  }
}

TEST_CASE("training without batch-norm layers keeps dropout", "[engine][model]") {
  Network network = trained_network();
  network.freeze_statistics();
  FoldedTraining training(network);
  const auto dropouts = [](const Network& of) {
    return std::ranges::count_if(of.spec().layers, [](const LayerSpec& layer) {
      return std::holds_alternative<DropoutSpec>(layer.kind);
    });
  };
  CHECK(dropouts(training.folded()) == dropouts(network));
  // The batch norm after dropout remains, with its statistics.
  CHECK(training.folded().buffers().size() == 4);
  Tensor expected, got, dlogits({5, 1, 1, network.outputs()});
  Scratch scratch;
  network.infer(random_input(5), expected, scratch);
  training.folded().infer(random_input(5), got, scratch);
  CHECK(test::relative_error(got, expected) < 1e-5);
  const Tensor statistics = [&] {
    Tensor copy;
    copy.copy_from(training.folded().buffers()[0]->value);
    return copy;
  }();
  const Tensor x = random_input(5);
  training.folded().forward(x, Rng(1));
  dlogits.fill(1);
  training.folded().backward(dlogits);
  training.unfold_gradients();
  training.folded().update_statistics();
  CHECK(std::equal(statistics.values().begin(), statistics.values().end(),
                   training.folded().buffers()[0]->value.values().begin()));
}
