#include "engine/eval/class_map.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/eval/evaluate.h"
#include "engine/model/network.h"
#include "engine/model/presets.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

TrainingSet noise(int count, int size, std::vector<std::string> classes) {
  TrainingSet set;
  set.size = size;
  set.classes = std::move(classes);
  Rng rng(2);
  for (int i = 0; i < count; ++i) set.labels.push_back(i % int(set.classes.size()));
  for (int i = 0; i < count * size * size * 3; ++i) {
    set.pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
  }
  return set;
}

}  // namespace

TEST_CASE("the head applied to the features gives the logits of the network", "[engine][eval]") {
  for (const char* preset : {"tiny", "small"}) {
    Network network(preset_network(preset, 16, 3));
    network.initialise(1);
    Preprocess preprocess;
    preprocess.size = 16;
    const TrainingSet set = noise(37, 16, {"a", "b", "c"});
    const Network folded = fold_batch_norm(network);
    for (const Network* net : std::initializer_list<const Network*>{&network, &folded}) {
      const Tensor one = evaluate_features(*net, preprocess, set, 1);
      const Tensor two = evaluate_features(*net, preprocess, set, 2);
      REQUIRE(one.shape() == Shape{37, 1, 1, std::string(preset) == "tiny" ? 64 : 128});
      CHECK(std::equal(one.values().begin(), one.values().end(), two.values().begin()));
      const Tensor logits = apply_head(*net, one);
      const Tensor direct = evaluate_logits(*net, preprocess, set, 1);
      REQUIRE(logits.shape() == direct.shape());
      CHECK(std::equal(logits.values().begin(), logits.values().end(), direct.values().begin()));
    }
  }
}

TEST_CASE("features need a final Dense layer and vectors of its size", "[engine][eval]") {
  NetworkSpec spec{{1, 8, 8, 3}, {{Conv2dSpec{4}}, {GlobalAvgPoolSpec{}}, {FlattenSpec{}}}};
  Scratch scratch;
  Tensor features;
  const Network headless(spec);
  CHECK_THROWS_WITH(headless.infer_features(Tensor({1, 8, 8, 3}), features, scratch),
                    ContainsSubstring("is not a Dense layer"));
  spec.layers.push_back({DenseSpec{2}});
  const Network network(spec);
  CHECK(network.feature_dim() == 4);
  CHECK_THROWS_WITH(apply_head(network, Tensor({2, 1, 1, 5})), ContainsSubstring("1x1x4"));
  CHECK_THROWS_WITH(evaluate_features(network, {}, noise(2, 8, {"a"}), 1),
                    ContainsSubstring("the images have 8 pixels, but the model takes 32"));
}

TEST_CASE("labels are matched to the classes of the model by name", "[engine][eval]") {
  TrainingSet set = noise(4, 8, {"dog", "cat"});
  match_classes(set, {"bird", "cat", "dog"});
  CHECK(set.labels == std::vector<int>{2, 1, 2, 1});
  CHECK_THROWS_WITH(match_classes(set, {"bird", "dog"}),
                    ContainsSubstring("does not know: cat (the model knows: bird, dog)"));
}
