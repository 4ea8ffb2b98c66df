#include "engine/transfer/transfer.h"

#include "engine/core/error.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "tests/support/catch.h"
#include "tests/support/coloured_images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

const std::vector<Colour> kColours{
    {"blue", {0, 0, 150}}, {"green", {0, 150, 0}}, {"red", {150, 0, 0}}};

// A random network, whose features depend on the colour.
Model make_backbone(std::uint64_t seed = 1) {
  NetworkSpec spec{{1, 16, 16, 3},
                   {{Conv2dSpec{.out = 16, .stride = 2, .bias = false}},
                    {BatchNormSpec{}},
                    {Relu6Spec{}},
                    {GlobalAvgPoolSpec{}},
                    {FlattenSpec{}},
                    {DenseSpec{7}}}};
  Network network(spec);
  network.initialise(seed);
  Preprocess preprocess;
  preprocess.size = 16;
  return {std::move(network), preprocess, {"0", "1", "2", "3", "4", "5", "6"}, 1, {}};
}

std::string hash_of(const Transferred& trained) {
  return weights_sha256(write_model(trained.model));
}

}  // namespace

TEST_CASE("a classifier is trained on the features of another network", "[engine][transfer]") {
  const TemporaryFolder folder;
  add_coloured(folder.path(), kColours, 20);
  const Dataset dataset = Dataset::open(folder.path());
  const Transferred trained = train_on_backbone(make_backbone(), dataset, {.threads = 2});
  CHECK(trained.model.classes == dataset.classes());
  CHECK(trained.images == 54);  // without the test images
  CHECK(trained.search.selected.accuracy > 0.95);
  CHECK(trained.model.temperature == trained.search.temperature.value);
  CHECK(trained.features.shape() == Shape{60, 1, 1, 16});
  REQUIRE(trained.logits.shape() == Shape{60, 1, 1, 3});
  int correct = 0, row = 0;
  for (int i = 0; i < 60; ++i) {
    const ImageRecord& image = dataset.images()[static_cast<std::size_t>(i)];
    correct += trained.logits.argmax(i) == image.label ? 1 : 0;
    if (image.split == Split::test) continue;
    CHECK(trained.logits.image(i)[0] == trained.search.logits.image(row++)[0]);
  }
  CHECK(correct >= 57);
  REQUIRE(trained.notes.size() == 1);  // colours cause no mistakes, which calibration needs
  CHECK_THAT(trained.notes[0], ContainsSubstring("too few images to calibrate"));
  const Classifier classifier(write_model(trained.model));
  Tensor probabilities;
  Scratch scratch;
  for (std::size_t c = 0; c < kColours.size(); ++c) {
    classifier.predict(classifier.prepare(coloured_image(kColours[c], 77'000 + c)), probabilities,
                       scratch);
    CHECK(top_k(probabilities.values(), 1)[0] == static_cast<int>(c));
  }
  REQUIRE(classifier.recognises_unknown());
  CHECK(classifier.model().novelty.images == 54);
  CHECK(classifier.model().novelty.references.shape() == Shape{54, 1, 1, 16});
}

TEST_CASE("stored features are used again and change nothing", "[engine][transfer]") {
  const TemporaryFolder folder, cache;
  add_coloured(folder.path(), kColours, 10);
  const Model backbone = make_backbone();
  TransferOptions options{.threads = 1, .cache = cache.path()};
  const Dataset first = Dataset::open(folder.path());
  const Transferred cold = train_on_backbone(backbone, first, options);
  CHECK(cold.computed == 30);
  options.threads = 2;
  const Transferred warm = train_on_backbone(backbone, first, options);
  CHECK(warm.computed == 0);
  CHECK(hash_of(warm) == hash_of(cold));
  // Images that are added are the only ones to be computed.
  add_coloured(folder.path(), kColours, 2, 10);
  const Dataset second = Dataset::open(folder.path());
  const Transferred added = train_on_backbone(backbone, second, options);
  CHECK(added.computed == 6);
  CHECK(hash_of(added) == hash_of(train_on_backbone(backbone, second, {.threads = 1})));
  // Another network, another size: all are computed.
  CHECK(train_on_backbone(make_backbone(2), second, options).computed == 36);
  options.size = 8;
  CHECK(train_on_backbone(backbone, second, options).computed == 36);
}

TEST_CASE("models that differ in the head alone have the same features", "[engine][transfer]") {
  const TemporaryFolder folder;
  add_coloured(folder.path(), kColours, 5);
  const Model backbone = make_backbone();
  const Transferred trained = train_on_backbone(backbone, Dataset::open(folder.path()), {});
  CHECK(same_features(backbone, trained.model));
  CHECK_FALSE(same_features(backbone, make_backbone(2)));
  Model other = make_backbone();
  other.preprocess.fit = Fit::pad;
  CHECK_FALSE(same_features(backbone, other));
}

TEST_CASE("transfer learning that is stopped keeps the features", "[engine][transfer]") {
  const TemporaryFolder folder, cache;
  add_coloured(folder.path(), kColours, 10);
  const Dataset dataset = Dataset::open(folder.path());
  TransferOptions options{.threads = 1, .cache = cache.path()};
  options.progress = [](TransferPhase phase, double) { return phase == TransferPhase::features; };
  CHECK(train_on_backbone(make_backbone(), dataset, options).stopped);
  options.progress = {};
  CHECK(train_on_backbone(make_backbone(), dataset, options).computed == 0);
}

TEST_CASE("transfer learning says what it needs", "[engine][transfer]") {
  const TemporaryFolder one, few;
  add_coloured(one.path(), {kColours[0]}, 10);
  CHECK_THROWS_WITH(train_on_backbone(make_backbone(), Dataset::open(one.path()), {}),
                    ContainsSubstring("at least two classes, and the dataset has 1"));
  add_coloured(few.path(), kColours, 1);
  const Transferred trained = train_on_backbone(make_backbone(), Dataset::open(few.path()), {});
  REQUIRE(trained.notes.size() == 5);  // one for each class, the calibration, unknown images
  CHECK(trained.notes[0] == "Class blue has 1 image to train on; 20 or more are recommended.");
  CHECK_THAT(trained.notes[3], ContainsSubstring("too few images to calibrate"));
  CHECK_THAT(trained.notes[4], ContainsSubstring("does not recognise images"));
}
