#include "engine/fit/view_features.h"

#include <numeric>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("a backbone needs a dense head and layers for any size", "[engine][fit]") {
  NetworkSpec spec{{1, 8, 8, 3}, {{FlattenSpec{}}, {DenseSpec{4}}, {ReluSpec{}}, {DenseSpec{2}}}};
  Network network(spec);
  CHECK(replace_head(network, 8, 5).outputs() == 5);
  CHECK_THROWS_WITH(replace_head(network, 16, 5), ContainsSubstring("depend on the size"));
  spec.layers.pop_back();
  CHECK_THROWS_WITH(replace_head(Network(spec), 8, 5), ContainsSubstring("dense layer"));
}

TEST_CASE("features are those of the image and of its mirror image", "[engine][fit]") {
  constexpr int kSize = 4;
  const Network network(NetworkSpec{{1, kSize, kSize, 3}, {{FlattenSpec{}}, {DenseSpec{2}}}});
  const Preprocess preprocess{.size = kSize, .mean = {0, 0, 0}, .std = {1, 1, 1}};
  std::vector<std::uint8_t> square(kSize * kSize * 3);
  std::iota(square.begin(), square.end(), std::uint8_t{1});
  REQUIRE(view_feature_count(network) == 2 * kSize * kSize * 3);

  // The features of this network are its inputs.
  ViewBuffers buffers;
  std::vector<float> features(view_feature_count(network));
  compute_view_features(network, preprocess, square, buffers, features.data());
  const float* mirror = features.data() + square.size();
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int at = (y * kSize + x) * 3 + c;
        CHECK(features[at] == float(square[at]) / 255);
        CHECK(mirror[(y * kSize + kSize - 1 - x) * 3 + c] == features[at]);
      }
    }
  }
  square.pop_back();
  CHECK_THROWS_WITH(compute_view_features(network, preprocess, square, buffers, features.data()),
                    ContainsSubstring("the network takes 4 x 4 pixels"));
}
