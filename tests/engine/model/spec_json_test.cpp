#include "engine/model/spec.h"

#include "engine/core/error.h"
#include "engine/nn/conv2d.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

// The text with one part replaced.
std::string with(std::string text, const std::string& part, const std::string& other) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), other);
}

NetworkSpec every_layer() {
  NetworkSpec spec;
  spec.input = {1, 32, 24, 3};
  const ResidualSpec inner{{{DropoutSpec{0.1f}}}};
  spec.layers = {{Conv2dSpec{8, 5, 2, 2, false}},
                 {BatchNormSpec{1e-3f, 0.3f}},
                 {ReluSpec{}},
                 {ResidualSpec{{{GeluSpec{}}, {inner}}}},
                 {MaxPoolSpec{3}},
                 {GlobalAvgPoolSpec{}},
                 {GlobalMaxPoolSpec{}},
                 {FlattenSpec{}},
                 {DenseSpec{10, false}},
                 {Conv2dSpec{4, 3, 2, kSamePadding, true}},
                 {DepthwiseConv2dSpec{5, 2, kSamePadding, false}},
                 {DepthwiseConv2dSpec{3, 1, 1, true}},
                 {Relu6Spec{}}};
  return spec;
}

std::string nested(int depth) {
  std::string text = R"({"kind":"relu"})";
  for (int i = 0; i < depth; ++i) text = R"({"kind":"residual","block":[)" + text + "]}";
  return R"({"input":[8,8,3],"layers":[)" + text + "]}";
}

}  // namespace

TEST_CASE("an architecture with every kind of layer survives the JSON round trip",
          "[engine][model]") {
  const NetworkSpec spec = every_layer();
  CHECK(spec_from_json(spec_to_json(spec)) == spec);
}

TEST_CASE("architecture numbers are written in their shortest form", "[engine][model]") {
  NetworkSpec spec;
  spec.layers = {{BatchNormSpec{}}};
  CHECK(spec_to_json(spec) ==
        R"({"input":[32,32,3],"layers":[{"kind":"batch_norm","eps":1e-05,"momentum":0.1}]})");
}

TEST_CASE("an invalid architecture is rejected naming the layer", "[engine][model]") {
  const std::string good = spec_to_json(every_layer());
  const auto refuses = [](const std::string& text, const std::string& message) {
    CHECK_THROWS_WITH(spec_from_json(text), ContainsSubstring(message));
    CHECK_THROWS_AS(spec_from_json(text), FormatError);
  };
  refuses(with(good, "\"relu\"", "\"tanh\""), "layer 2: unknown kind \"tanh\"");
  refuses(with(good, "\"gelu\"", "\"tanh\""), "layer 3.block.0: unknown kind \"tanh\"");
  refuses(with(good, "\"stride\":2", "\"strid\":2"), "layer 0 (conv2d): stride is missing");
  refuses(with(good, "\"stride\":2", "\"stride\":2,\"groups\":1"),
          "layer 0 (conv2d) has the unknown key \"groups\"");
  refuses(with(good, "\"stride\":2", "\"stride\":0"), "stride is 0; allowed are 1 to 31");
  refuses(with(good, "\"stride\":2", "\"stride\":2.0"), "stride is not a whole number");
  refuses(with(good, "\"stride\":2", "\"stride\":\"2\""), "stride is not a whole number");
  refuses(with(good, "\"pad\":2", "\"pad\":-1"), "pad is -1; allowed are 0 to 31");
  refuses(with(good, "\"pad\":2", "\"pad\":\"valid\""), "pad is not a whole number");
  refuses(with(good, "\"kernel\":5", "\"kernel\":32"), "kernel is 32");
  refuses(with(good, "\"out\":8", "\"out\":65537"), "out is 65537");
  refuses(with(good, "\"out\":8", "\"out\":18446744073709551615"), "out is 18446744073709551615");
  refuses(with(good, "\"out\":8", "\"out\":-1"), "out is -1");
  refuses(with(good, "\"bias\":false", "\"bias\":0"), "bias is not true or false");
  refuses(with(good, "\"rate\":0.1", "\"rate\":1"), "layer 3.block.1.block.0 (dropout): rate is 1");
  refuses(with(good, "\"rate\":0.1", "\"rate\":1e999"), "");
  refuses(with(good, "\"momentum\":0.3", "\"momentum\":-0.1"), "momentum is -0.1");
  refuses(with(good, "\"eps\":0.001", "\"eps\":0"), "eps is 0");
  refuses(with(good, "[32,24,3]", "[32,2000,3]"), "input[1] is 2000");
  refuses(with(good, "[32,24,3]", "[32,24]"), "input has 2 entries, not 3");
  refuses(with(good, "[32,24,3]", "{}"), "input is not a list");
  refuses(with(good, "{\"input\"", "{\"input\":[1,1,1],\"input\""), "\"input\" appears twice");
  refuses("", "architecture");
  refuses("[]", "architecture is not an object");
  refuses("{\"input\":[8,8,3],\"layers\":[7]}", "layer 0 is not an object but number");
}

TEST_CASE("architectures with too many or too deeply nested layers are rejected",
          "[engine][model]") {
  CHECK(spec_from_json(nested(4)).layers.size() == 1);
  CHECK_THROWS_WITH(spec_from_json(nested(5)), ContainsSubstring("nested deeper than 4"));
  CHECK_THROWS_WITH(spec_from_json(nested(500)), ContainsSubstring("nested deeper than 16"));

  NetworkSpec spec;
  spec.layers.assign(512, {ReluSpec{}});
  CHECK(spec_from_json(spec_to_json(spec)) == spec);
  spec.layers[0] = {ResidualSpec{{{ReluSpec{}}}}};
  CHECK_THROWS_WITH(spec_from_json(spec_to_json(spec)), ContainsSubstring("more than 512 layers"));
}
