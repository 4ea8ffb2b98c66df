#include "engine/model/backbones.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/model/network.h"
#include "engine/model/weight_layout.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

std::int64_t parameters_of(const NetworkSpec& spec) {
  std::int64_t total = 0;
  for (const WeightLayout& layout : weight_layouts(spec)) {
    if (layout.name.find(".running_") == std::string::npos) total += layout.count();
  }
  return total;
}

}  // namespace

TEST_CASE("the EfficientNet-Lite networks have the published sizes", "[engine][model]") {
  CHECK(backbone_names() ==
        std::vector<std::string>{"efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"});
  // Parameters as in the published state dicts.
  CHECK(parameters_of(backbone("efficientnet-lite0").network) == 4'652'008);
  CHECK(parameters_of(backbone("efficientnet-lite1").network) == 5'416'680);
  CHECK(parameters_of(backbone("efficientnet-lite2").network) == 6'092'072);
  CHECK(backbone("efficientnet-lite1").network.input == Shape{1, 240, 240, 3});
  CHECK(backbone("efficientnet-lite2").network.input == Shape{1, 260, 260, 3});
}

TEST_CASE("EfficientNet-Lite0 has 385 million multiply-adds and 9 residual blocks",
          "[engine][model]") {
  const Backbone lite0 = backbone("efficientnet-lite0");
  const Network network(lite0.network);
  CHECK(std::abs(double(network.flops()) / 2e6 - 385) < 1);
  const auto infos = network.describe();
  const auto count = [&](const std::string& begin) {
    return std::ranges::count_if(infos,
                                 [&](const auto& info) { return info.kind.starts_with(begin); });
  };
  CHECK(count("Residual(8 layers)") == 9);
  CHECK(infos[0].kind == "Conv2d(3 -> 32, 3x3, stride 2)");
  CHECK(infos[0].output == Shape{1, 112, 112, 32});
  CHECK(infos[3].kind == "DepthwiseConv2d(32, 3x3)");
  CHECK(network.feature_dim() == 1280);
}

TEST_CASE("the modules of a backbone are named as in the published state dict", "[engine][model]") {
  const Backbone lite0 = backbone("efficientnet-lite0");
  CHECK(lite0.modules.size() == 49 + 49 + 1);
  const std::vector<std::string> first(lite0.modules.begin(), lite0.modules.begin() + 8);
  CHECK(first == std::vector<std::string>{"_conv_stem", "_bn0", "_blocks.0._depthwise_conv",
                                          "_blocks.0._bn1", "_blocks.0._project_conv",
                                          "_blocks.0._bn2", "_blocks.1._expand_conv",
                                          "_blocks.1._bn0"});
  CHECK(lite0.modules.back() == "_fc");
}

TEST_CASE("the preprocessing of a backbone is (v - 127) / 128", "[engine][model]") {
  const Backbone lite0 = backbone("efficientnet-lite0");
  const Image grey{1, 1, {127, 255, 0}};
  Scalar x[3];
  normalise(grey, lite0.preprocess, x);
  CHECK(x[0] == Approx(0).margin(1e-6));
  CHECK(x[1] == Approx(1).epsilon(1e-6));
  CHECK(x[2] == Approx(-127.0 / 128).epsilon(1e-6));
}

TEST_CASE("a backbone accepts any size of image from 32 and any number of classes",
          "[engine][model]") {
  for (const int size : {32, 129, 512}) {
    const Network network(backbone_network("efficientnet-lite0", size, 5));
    CHECK(network.outputs() == 5);
    CHECK(network.feature_dim() == 1280);
  }
  CHECK_THROWS_WITH(backbone_network("efficientnet-lite0", 31, 5), ContainsSubstring("size >= 32"));
  CHECK_THROWS_WITH(backbone("resnet"), ContainsSubstring("known: efficientnet-lite0, "));
  CHECK_THROWS_AS(backbone("resnet"), ConfigError);
}
