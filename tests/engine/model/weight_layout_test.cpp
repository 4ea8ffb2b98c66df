#include "engine/model/weight_layout.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/nn/conv2d.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

using Order = std::vector<std::uint32_t>;

const WeightLayout& named(const std::vector<WeightLayout>& layouts, const std::string& name) {
  const auto found = std::find_if(layouts.begin(), layouts.end(),
                                  [&](const WeightLayout& layout) { return layout.name == name; });
  REQUIRE(found != layouts.end());
  return *found;
}

NetworkSpec chain(Shape input, std::vector<LayerSpec> layers) {
  return {input, std::move(layers)};
}

}  // namespace

TEST_CASE("tensors have the names and shapes of a torch.nn.Sequential", "[engine][model]") {
  const auto layouts = weight_layouts(
      chain({1, 8, 8, 3}, {{Conv2dSpec{4, 3, 1, 1, false}},
                           {BatchNormSpec{}},
                           {ResidualSpec{{{Conv2dSpec{4, 3, 1, 1, true}}, {ReluSpec{}}}}},
                           {MaxPoolSpec{3}},
                           {FlattenSpec{}},
                           {DenseSpec{5}}}));
  std::vector<std::string> names;
  for (const WeightLayout& layout : layouts) names.push_back(layout.name);
  CHECK(names == std::vector<std::string>{"0.weight", "1.weight", "1.bias", "1.running_mean",
                                          "1.running_var", "2.block.0.weight", "2.block.0.bias",
                                          "5.weight", "5.bias"});
  CHECK(named(layouts, "0.weight").shape == std::vector<std::int64_t>{4, 3, 3, 3});
  CHECK(named(layouts, "5.weight").shape == std::vector<std::int64_t>{5, 16});
  CHECK(named(layouts, "1.running_var").variance);
  CHECK_FALSE(named(layouts, "1.running_mean").variance);
}

TEST_CASE("a convolution is permuted to the order of PyTorch", "[engine][model]") {
  const auto layouts = weight_layouts(chain({1, 2, 2, 2}, {{Conv2dSpec{3, 2, 1, 0, false}}}));
  const Order order = layouts[0].memory_order();
  for (std::uint32_t o = 0; o < 3; ++o) {
    for (std::uint32_t i = 0; i < 2; ++i) {
      for (std::uint32_t r = 0; r < 2; ++r) {
        for (std::uint32_t c = 0; c < 2; ++c) {
          CHECK(order[((o * 2 + i) * 2 + r) * 2 + c] == ((r * 2 + c) * 2 + i) * 3 + o);
        }
      }
    }
  }
}

TEST_CASE("a depthwise convolution has one filter per channel in the order of PyTorch",
          "[engine][model]") {
  const auto layouts = weight_layouts(chain(
      {1, 7, 6, 3},
      {{DepthwiseConv2dSpec{2, 2, kSamePadding, true}}, {FlattenSpec{}}, {DenseSpec{1, false}}}));
  CHECK(named(layouts, "0.weight").shape == std::vector<std::int64_t>{3, 1, 2, 2});
  CHECK(named(layouts, "0.weight").memory_order() == Order{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11});
  CHECK(named(layouts, "0.bias").shape == std::vector<std::int64_t>{3});
  CHECK(named(layouts, "2.weight").shape == std::vector<std::int64_t>{1, 4 * 3 * 3});
}

TEST_CASE("a dense layer is transposed in the file", "[engine][model]") {
  const auto layouts = weight_layouts(chain({1, 1, 1, 3}, {{DenseSpec{2, false}}}));
  CHECK(layouts[0].memory_order() == Order{0, 2, 4, 1, 3, 5});
}

TEST_CASE("the first dense layer after a flattened map is channels first in the file",
          "[engine][model]") {
  const auto layouts = weight_layouts(
      chain({1, 2, 1, 3}, {{FlattenSpec{}}, {BatchNormSpec{}}, {DenseSpec{1}}, {DenseSpec{6}}}));
  // Memory holds (row 0: c0 c1 c2), (row 1: c0 c1 c2); the file (c0: row 0, row 1), ...
  const Order channels_first{0, 3, 1, 4, 2, 5};
  CHECK(named(layouts, "1.running_mean").memory_order() == channels_first);
  CHECK(named(layouts, "2.weight").memory_order() == channels_first);
  CHECK(named(layouts, "2.bias").memory_order() == Order{0});
  CHECK(named(layouts, "3.weight").memory_order() == Order{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a residual block after a flattened map keeps the order of the map", "[engine][model]") {
  const auto layouts = weight_layouts(chain(
      {1, 2, 1, 2},
      {{FlattenSpec{}}, {ResidualSpec{{{DenseSpec{1}}, {DenseSpec{4}}}}}, {DenseSpec{1, false}}}));
  const Order channels_first{0, 2, 1, 3};
  CHECK(named(layouts, "1.block.0.weight").memory_order() == channels_first);
  CHECK(named(layouts, "1.block.1.weight").memory_order() == channels_first);
  CHECK(named(layouts, "1.block.1.bias").memory_order() == channels_first);
  CHECK(named(layouts, "2.weight").memory_order() == channels_first);
}

TEST_CASE("architectures whose shapes do not fit are rejected naming the layer",
          "[engine][model]") {
  const auto refuses = [](Shape input, std::vector<LayerSpec> layers, const std::string& message) {
    const NetworkSpec spec = chain(input, std::move(layers));
    CHECK_THROWS_WITH(weight_layouts(spec), ContainsSubstring(message));
    CHECK_THROWS_AS(weight_layouts(spec), FormatError);
  };
  refuses({1, 2, 2, 3}, {{Conv2dSpec{4, 5, 1, 0, true}}},
          "layer 0 (conv2d): the kernel does not fit into 2x2x3");
  refuses({1, 2, 2, 3}, {{ReluSpec{}}, {MaxPoolSpec{3}}}, "layer 1 (max_pool): window 3");
  refuses({1, 2, 2, 3}, {{DenseSpec{2}}}, "layer 0 (dense): its input 2x2x3 is not flattened");
  refuses({1, 2, 2, 3}, {{FlattenSpec{}}}, "ends in a flattened 2x2x3 map");
  refuses({1, 2, 2, 3}, {{ResidualSpec{{{Conv2dSpec{4}}}}}}, "block turns 2x2x3 into 2x2x4");
  refuses({1, 1024, 1024, 3}, {{Conv2dSpec{65536}}}, "exceeds 2^26 numbers for one image");
  refuses({1, 1, 1, 65536}, {{DenseSpec{65536}}}, "weight exceeds 2^31 numbers");
}
