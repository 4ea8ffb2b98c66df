#include "engine/eval/evaluate.h"

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("the logits of a set equal those of single images on any number of threads",
          "[engine][eval]") {
  NetworkSpec spec;
  spec.input = {1, 8, 8, 3};
  spec.layers = {{Conv2dSpec{4}}, {ReluSpec{}}, {GlobalAvgPoolSpec{}}, {DenseSpec{3}}};
  Network network(spec);
  network.initialise(1);
  Preprocess preprocess;
  preprocess.size = 8;
  TrainingSet set;
  set.size = 8;
  set.classes = {"a", "b", "c"};
  set.labels.assign(70, 0);  // more than two chunks, the last one not full
  Rng rng(2);
  for (int i = 0; i < 70 * 8 * 8 * 3; ++i) {
    set.pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
  }
  const Tensor one = evaluate_logits(network, preprocess, set, 1);
  const Tensor three = evaluate_logits(network, preprocess, set, 3);
  REQUIRE(one.shape() == Shape{70, 1, 1, 3});
  CHECK(std::equal(one.values().begin(), one.values().end(), three.values().begin()));
  Scratch scratch;
  Tensor logits;
  for (int i : {0, 31, 32, 69}) {
    const Image image{8, 8, {set.image(i), set.image(i) + 8 * 8 * 3}};
    network.infer(preprocess_image(image, preprocess), logits, scratch);
    for (int c = 0; c < 3; ++c) CHECK(one.image(i)[c] == Approx(logits.data()[c]).margin(1e-6));
  }
  preprocess.size = 9;
  CHECK_THROWS_WITH(evaluate_logits(network, preprocess, set, 1),
                    ContainsSubstring("the images have 8 pixels"));
}
