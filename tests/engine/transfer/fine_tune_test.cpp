#include "engine/transfer/fine_tune.h"

#include "engine/core/error.h"
#include "engine/model/backbones.h"
#include "engine/model/model_file.h"
#include "engine/transfer/transfer.h"
#include "tests/support/catch.h"
#include "tests/support/coloured_images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

const std::vector<Colour> kColours{
    {"blue", {0, 0, 150}}, {"green", {0, 150, 0}}, {"red", {150, 0, 0}}};
// Images of all classes look alike.
const std::vector<Colour> kSame{{"a", {70, 70, 70}}, {"b", {70, 70, 70}}, {"c", {70, 70, 70}}};

// A network whose features hardly depend on the image. The images are normalised to large numbers,
// so that small changes of the weights make the features depend on it.
Model make_backbone() {
  NetworkSpec spec{{1, 16, 16, 3},
                   {{Conv2dSpec{.out = 16, .stride = 2, .bias = false}},
                    {BatchNormSpec{}},
                    {Relu6Spec{}},
                    {GlobalAvgPoolSpec{}},
                    {FlattenSpec{}},
                    {DropoutSpec{0.2f}},
                    {DenseSpec{7}}}};
  Network network(spec);
  network.initialise(1);
  for (Scalar& weight : network.params()[0]->value.values()) weight *= 1e-5f;
  network.params()[2]->value.fill(3);  // bias of the batch norm: the middle of ReLU6
  Preprocess preprocess;
  preprocess.size = 16;
  preprocess.std = {0.01f, 0.01f, 0.01f};
  return {std::move(network), preprocess, {"0", "1", "2", "3", "4", "5", "6"}, 1, {}};
}

std::string hash_of(const Transferred& trained) {
  return weights_sha256(write_model(trained.model));
}

}  // namespace

TEST_CASE("fine-tuning is kept when it classifies held-out images better", "[engine][transfer]") {
  const TemporaryFolder folder;
  add_coloured(folder.path(), kColours, 20);
  const Dataset dataset = Dataset::open(folder.path());
  const Model backbone = make_backbone();
  const Transferred frozen = train_on_backbone(backbone, dataset, {.threads = 1});
  double last = 0;
  const Transferred tuned = train_on_backbone(
      backbone, dataset,
      {.threads = 1, .fine_tune = true, .progress = [&](TransferPhase phase, double done) {
         if (phase == TransferPhase::fine_tune) last = done;
         return true;
       }});
  REQUIRE(tuned.fine_tuning);
  const FineTuneVerdict& verdict = *tuned.fine_tuning;
  INFO(verdict.frozen_accuracy << " " << verdict.frozen_log_loss << " " << verdict.tuned_accuracy
                               << " " << verdict.tuned_log_loss);
  CHECK(verdict.better);
  CHECK(tuned.is_fine_tuned());
  CHECK(last == Approx(1));
  CHECK(verdict.images == 54);  // all but the test images
  CHECK(verdict.folds == 3);
  CHECK(verdict.tuned_log_loss < verdict.frozen_log_loss);
  CHECK(hash_of(tuned) != hash_of(frozen));
  CHECK_FALSE(same_features(backbone, tuned.model));
  CHECK(tuned.estimate().accuracy == verdict.tuned_accuracy);
  CHECK(tuned.estimate().images == 54);
  CHECK(tuned.model.temperature == tuned.temperature.value);
  // The logits are those of networks that were not trained on the image.
  int correct = 0, evaluated = 0;
  for (int i = 0; i < int_size(dataset.images()); ++i) {
    const ImageRecord& image = dataset.images()[static_cast<std::size_t>(i)];
    CHECK(tuned.is_held_out[static_cast<std::size_t>(i)]);
    if (image.split == Split::test) continue;
    ++evaluated;
    correct += tuned.logits.argmax(i) == image.label ? 1 : 0;
  }
  CHECK(1.0 * correct / evaluated == Approx(verdict.tuned_accuracy));
  bool said = false;
  for (const std::string& note : tuned.notes) said = said || note.find("was kept") != note.npos;
  CHECK(said);
  for (const int threads : {2, 3}) {
    CHECK(hash_of(train_on_backbone(backbone, dataset, {.threads = threads, .fine_tune = true})) ==
          hash_of(tuned));
  }
}

TEST_CASE("fine-tuning is thrown away when it is not better", "[engine][transfer]") {
  const TemporaryFolder folder;
  add_coloured(folder.path(), kSame, 20);
  const Dataset dataset = Dataset::open(folder.path());
  const Model backbone = make_backbone();
  const Transferred frozen = train_on_backbone(backbone, dataset, {});
  const Transferred tuned = train_on_backbone(backbone, dataset, {.fine_tune = true});
  REQUIRE(tuned.fine_tuning);
  CHECK(tuned.fine_tuning->images > 0);
  CHECK_FALSE(tuned.is_fine_tuned());
  CHECK(hash_of(tuned) == hash_of(frozen));
  CHECK(tuned.model.temperature == frozen.model.temperature);
  CHECK(std::equal(tuned.logits.values().begin(), tuned.logits.values().end(),
                   frozen.logits.values().begin()));
  CHECK_THAT(tuned.notes[0], ContainsSubstring("fine-tuning is not clearly better"));
}

TEST_CASE("fine-tuning that is stopped keeps the head", "[engine][transfer]") {
  const TemporaryFolder folder;
  add_coloured(folder.path(), kColours, 20);
  const Dataset dataset = Dataset::open(folder.path());
  const Model backbone = make_backbone();
  const Transferred frozen = train_on_backbone(backbone, dataset, {});
  for (const double at : {0.0, 0.5, 0.9}) {  // the last one in the training on all images
    const Transferred stopped = train_on_backbone(
        backbone, dataset, {.fine_tune = true, .progress = [&](TransferPhase phase, double done) {
                              return phase != TransferPhase::fine_tune || done < at;
                            }});
    CHECK_FALSE(stopped.stopped);
    REQUIRE(stopped.fine_tuning);
    CHECK(stopped.fine_tuning->stopped);
    CHECK_FALSE(stopped.is_fine_tuned());
    CHECK(hash_of(stopped) == hash_of(frozen));
    CHECK_THAT(stopped.notes[0], ContainsSubstring("was stopped"));
  }
}

TEST_CASE("fine-tuning needs an image of a class for each fold", "[engine][transfer]") {
  const TemporaryFolder folder;
  add_coloured(folder.path(), kColours, 2);
  const Transferred trained =
      train_on_backbone(make_backbone(), Dataset::open(folder.path()), {.fine_tune = true});
  REQUIRE(trained.fine_tuning);
  CHECK(trained.fine_tuning->too_few);
  CHECK_THAT(trained.notes[0], ContainsSubstring("no class has 3 images"));
}

TEST_CASE("the memory of fine-tuning is bounded for large images and many threads",
          "[engine][transfer]") {
  for (const int size : {64, 224, 512}) {
    Network network(backbone_network("efficientnet-lite0", size, 5));
    for (const int threads : {1, 4, 64}) {
      CHECK(fine_tune_activation_bytes(network, threads) <= 1 << 30);
    }
  }
  // The outputs of all convolutions for an image of 224 pixels take 27 MB.
  Network network(backbone_network("efficientnet-lite0", 224, 5));
  const int lane = fine_tune_recipe(network, 100, true).lane;
  CHECK(lane == 4);
  CHECK(fine_tune_activation_bytes(network, 1) / lane > 2 * 27'000'000);
  CHECK(fine_tune_passes(100) == 3 * 100 * 15);  // three times two thirds, and all
  CHECK(fine_tune_passes(1200) == 2000 * 10);    // one fold, and all
}
