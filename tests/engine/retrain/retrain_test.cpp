#include "engine/retrain/retrain.h"

#include "engine/core/error.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/training_set.h"
#include "engine/eval/measure_features.h"
#include "engine/model/model_file.h"
#include "engine/retrain/replay.h"
#include "tests/support/catch.h"
#include "tests/support/coloured_images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

const std::vector<Colour> kOld{{"blue", {0, 0, 150}}, {"green", {0, 150, 0}}, {"red", {150, 0, 0}}};
const Colour kNew{"yellow", {150, 150, 0}};
constexpr int kThreads = 2;

// A champion that knows the three old colours, trained once for all tests, with its dataset and its
// feature statistics.
struct Trained {
  Trained() {
    add_coloured(folder.path() / "old", kOld, 80);
    const Dataset dataset = Dataset::open(folder.path() / "old");
    NetworkSpec spec{{1, 8, 8, 3},
                     {{Conv2dSpec{.out = 8, .bias = false}},
                      {BatchNormSpec{}},
                      {ReluSpec{}},
                      {MaxPoolSpec{}},
                      {GlobalAvgPoolSpec{}},
                      {FlattenSpec{}},
                      {DenseSpec{12}},
                      {ReluSpec{}},
                      {DenseSpec{3}}}};
    Network network(spec);
    network.initialise(1);
    Preprocess preprocess;
    preprocess.size = 8;
    const TrainingSet set = load_training_set(dataset, {Split::train}, 8, Fit::crop);
    channel_statistics(set, preprocess.mean, preprocess.std);
    Recipe recipe;
    recipe.epochs = 12;
    recipe.batch = 32;
    recipe.lr = 0.05f;
    TrainObserver observer;
    train(network, set, nullptr, preprocess, recipe, kThreads, observer);
    model =
        std::make_unique<Model>(Model{std::move(network), preprocess, dataset.classes(), 1, {}});
    sha256 = weights_sha256(write_model(*model));
    statistics = measure_feature_statistics(*model, sha256, dataset, "old", kThreads);
  }
  // A new dataset with these images.
  std::filesystem::path dataset(bool with_old, int fresh) const {
    const auto place = folder.path() / ("data-" + std::to_string(++datasets));
    if (with_old) add_coloured(place, kOld, 80);
    if (fresh > 0) add_coloured(place, {kNew}, fresh, 0, Origin::upload, 100);
    return place;
  }

  TemporaryFolder folder;
  std::unique_ptr<Model> model;
  std::string sha256;
  FeatureStatistics statistics;
  mutable int datasets = 0;
};

const Trained& trained() {
  static const Trained instance;
  return instance;
}

RetrainPlan plan_of(const Dataset& dataset, const RetrainOptions& options = {},
                    const FeatureStatistics* statistics = &trained().statistics,
                    std::int64_t data_time = 50) {
  return plan_retrain(*trained().model, statistics, dataset, {data_time}, options);
}

class Watcher : public RetrainObserver {
 public:
  int stop_in_epoch = -1;
  std::string stop_in_phase;
  std::vector<std::string> phases;
  std::vector<std::uint8_t> checkpoint;
  int epochs = 0;

  Control on_phase(const std::string& phase) override {
    phases.push_back(phase);
    return phase == stop_in_phase ? Control::stop : Control::keep_going;
  }
  Control on_epoch(const EpochReport& report, const Network&) override {
    ++epochs;
    return report.epoch == stop_in_epoch ? Control::stop : Control::keep_going;
  }
  void on_checkpoint(std::span<const std::uint8_t> bytes) override {
    checkpoint.assign(bytes.begin(), bytes.end());
  }
};

Retrained run(const Dataset& dataset, const RetrainPlan& plan, Watcher& watcher, int threads = 2,
              std::vector<std::uint8_t> resume = {}) {
  const Trained& base = trained();
  GateOptions gate;
  gate.min_old_images = 12;
  gate.class_min_support = 5;
  gate.new_class_min_support = 2;
  gate.max_possible_drop = 1;
  return retrain({*base.model, base.sha256, &base.statistics}, dataset, "images", plan, gate,
                 threads, watcher, std::move(resume));
}

RetrainOptions quick(const std::string& mode = "auto") {
  RetrainOptions options;
  options.mode = mode;
  options.epochs = 6;
  options.batch = 32;
  return options;
}

double recall(const Retrained& result, const std::string& name) {
  for (const ClassChange& change : result.forgetting.classes) {
    if (change.name == name) return change.after;
  }
  return -1;
}

}  // namespace

TEST_CASE("the mode is full with old images and frozen without them", "[engine][retrain]") {
  const Dataset both = Dataset::open(trained().dataset(true, 30));
  const RetrainPlan full = plan_of(both);
  CHECK(full.mode == RetrainMode::full);
  CHECK(full.classes == std::vector<std::string>{"blue", "green", "red", "yellow"});
  CHECK(full.old_classes == 3);
  CHECK(full.new_images.train.size() == 24);
  CHECK(full.old_images.train.size() == 192);
  CHECK(full.replayed == 192);
  CHECK(full.repeats == std::vector<int>{1, 1, 1, 2});
  CHECK(full.recipe.freeze_statistics);
  const Dataset fresh = Dataset::open(trained().dataset(false, 10));
  const RetrainPlan frozen = plan_of(fresh);
  CHECK(frozen.mode == RetrainMode::frozen);
  CHECK_THAT(frozen.reason, ContainsSubstring("blue, green, red"));
  REQUIRE(frozen.notes.size() == 1);
  CHECK_THAT(frozen.notes[0], ContainsSubstring("yellow has only 8 training images"));
}

TEST_CASE("uploads after the training are new images and imports and earlier images are old",
          "[engine][retrain]") {
  const auto place = trained().dataset(true, 0);
  add_coloured(place, {kOld[0]}, 10, 500, Origin::upload, 40);
  add_coloured(place, {kOld[1]}, 10, 600, Origin::correction, 60);
  const Dataset dataset = Dataset::open(place);
  const RetrainPlan plan = plan_of(dataset);
  for (const ImageRecord* image : plan.new_images.train) CHECK(image->origin == Origin::correction);
  const std::size_t fresh =
      plan.new_images.train.size() + plan.new_images.val.size() + plan.new_images.test.size();
  CHECK(fresh == 10);
  CHECK(plan.classes.size() == 3);
}

TEST_CASE("an imported image is old only if its class is external", "[engine][retrain]") {
  const auto place = trained().dataset(false, 0);
  add_coloured(place, kOld, 10, 700, Origin::import, 60);
  const Dataset dataset = Dataset::open(place);
  const auto plan = [&](int elsewhere, std::int64_t until) {
    return plan_retrain(*trained().model, &trained().statistics, dataset, {until, elsewhere},
                        quick(elsewhere == 3 ? "full" : "auto"));
  };
  CHECK(plan(3, 50).new_images.train.empty());
  const RetrainPlan two = plan(2, 50);
  REQUIRE_FALSE(two.new_images.train.empty());
  for (const ImageRecord* image : two.new_images.train) CHECK(two.label(*image) == 2);
  CHECK(two.mode == RetrainMode::frozen);
  // A class that is not external needs only one old image for full mode.
  add_coloured(place, {kOld[0]}, 10, 800, Origin::upload, 90);
  const Dataset more = Dataset::open(place);
  CHECK(plan_retrain(*trained().model, &trained().statistics, more, {60, 0}, {}).mode ==
        RetrainMode::full);
  CHECK(plan_retrain(*trained().model, &trained().statistics, more, {60, 1}, {}).mode ==
        RetrainMode::frozen);
}

TEST_CASE("a relabelled image is a new image", "[engine][retrain]") {
  const auto place = trained().dataset(true, 0);
  const Dataset before = Dataset::open(place);
  const std::int64_t until = newest_addition(before.index());
  std::vector<ContentHash> red;
  for (const ImageRecord& image : before.images()) {
    if (image.label == 2 && red.size() < 20) red.push_back(image.hash);
  }
  const std::string other = before.classes()[0];
  SECTION("one by one") {
    CHECK(relabel_images(place, red, other).changed == 20);
  }
  SECTION("by joining two classes") {
    CHECK(rename_class(place, before.classes()[2], other).changed > 20);
  }
  const Dataset dataset = Dataset::open(place);
  const RetrainPlan plan = plan_of(dataset, {}, &trained().statistics, until);
  CHECK(plan.new_images.train.size() + plan.new_images.val.size() + plan.new_images.test.size() >=
        20);
  REQUIRE_FALSE(plan.new_images.train.empty());
  for (const ImageRecord* image : plan.new_images.train) CHECK(plan.label(*image) == 0);
}

TEST_CASE("a retraining that is not possible is rejected by its plan", "[engine][retrain]") {
  const Dataset old = Dataset::open(trained().dataset(true, 0));
  CHECK_THROWS_WITH(plan_of(old), ContainsSubstring("there are no new images"));
  CHECK(plan_of(old, quick("full")).new_images.train.empty());
  const Dataset fresh = Dataset::open(trained().dataset(false, 10));
  CHECK_THROWS_WITH(plan_of(fresh, quick("frozen"), nullptr),
                    ContainsSubstring("no feature statistics"));
  const RetrainPlan forgetful = plan_of(fresh, {}, nullptr);
  CHECK(forgetful.mode == RetrainMode::full);
  CHECK_THAT(forgetful.reason, ContainsSubstring("may be forgotten"));
}

TEST_CASE("the estimated memory grows with the images of an epoch", "[engine][retrain]") {
  const Dataset dataset = Dataset::open(trained().dataset(true, 30));
  RetrainOptions more = quick("full");
  const std::uint64_t little = memory_needed(plan_of(dataset, more), *trained().model, dataset, 1);
  more.batch = 4096;
  CHECK(memory_needed(plan_of(dataset, more), *trained().model, dataset, 1) > little);
  CHECK(memory_needed(plan_of(dataset, quick()), *trained().model, dataset, 4) > little);
}

TEST_CASE("replay contains all new images and another sample of old ones in every epoch",
          "[engine][retrain]") {
  const Dataset dataset = Dataset::open(trained().dataset(true, 10));
  Replay::ImagePool images;
  images.classes = dataset.classes();
  images.old_images.resize(4);
  for (const ImageRecord& image : dataset.images()) {
    if (image.origin == Origin::upload) {
      images.new_images.push_back(&image);
      images.new_labels.push_back(image.label);
    } else if (image.split == Split::train) {
      images.old_images[static_cast<std::size_t>(image.label)].push_back(&image);
    }
  }
  Preprocess preprocess;
  preprocess.size = 8;
  Replay replay(dataset, images, 62, preprocess, 7, 2);
  CHECK(replay.new_count() == 10);
  CHECK(replay.replayed_count() == 60);  // 20 of each
  const auto first = replay.set().pixels;
  const auto labels = replay.set().labels;
  replay.load_epoch(1);
  CHECK(replay.set().labels == labels);
  CHECK(replay.set().pixels != first);
  CHECK(std::equal(first.begin(), first.begin() + 10 * 192, replay.set().pixels.begin()));
  replay.load_epoch(0);
  CHECK(replay.set().pixels == first);
}

TEST_CASE("both modes train a new class and keep the old ones", "[engine][retrain]") {
  const std::string mode = GENERATE("full", "frozen");
  const Dataset dataset = Dataset::open(trained().dataset(mode == "full", 40));
  Watcher watcher;
  const RetrainPlan plan = plan_of(dataset, quick(mode));
  const Retrained result = run(dataset, plan, watcher);
  REQUIRE(result.outcome == TrainOutcome::finished);
  INFO(result.verdict.text);
  for (const std::string& sentence : result.forgetting.sentences) UNSCOPED_INFO(sentence);
  CHECK(result.model.classes == plan.classes);
  CHECK(recall(result, "yellow") >= 0.75);
  for (const Colour& colour : kOld) CHECK(recall(result, colour.name) >= 0.9);
  CHECK(result.verdict.decision == Decision::promote);
  CHECK(result.evaluation.metrics.count > 20);
  CHECK(result.evaluation.metrics.accuracy > 0.85);
  CHECK(result.history.size() >= 1);
  CHECK(result.statistics.classes == plan.classes);
  CHECK(result.statistics.counts.back() == 32);
  CHECK(result.statistics.weights_sha256 == weights_sha256(write_model(result.model)));
  // The result can be stored and retrained again.
  const Model again = read_model(write_model(result.model));
  CHECK(again.classes == plan.classes);
  CHECK(read_feature_statistics(write_feature_statistics(result.statistics)).dim == 12);
}

TEST_CASE("frozen mode changes only the weights of the head", "[engine][retrain]") {
  const Dataset dataset = Dataset::open(trained().dataset(false, 40));
  Watcher watcher;
  const Retrained result = run(dataset, plan_of(dataset, quick("frozen")), watcher);
  const auto before = trained().model->network.params(), after = result.model.network.params();
  for (std::size_t k = 0; k + 2 < before.size(); ++k) {
    const auto was = before[k]->value.values(), is = after[k]->value.values();
    CHECK(std::equal(was.begin(), was.end(), is.begin()));
  }
}

TEST_CASE("a retraining gives the same bits on any number of threads and after resuming",
          "[engine][retrain]") {
  const Dataset dataset = Dataset::open(trained().dataset(true, 30));
  const RetrainPlan plan = plan_of(dataset, quick("full"));
  Watcher whole, other, first, second;
  const std::string expected = run(dataset, plan, whole).statistics.weights_sha256;
  CHECK(run(dataset, plan, other, 1).statistics.weights_sha256 == expected);
  first.stop_in_epoch = 2;
  CHECK(run(dataset, plan, first).outcome == TrainOutcome::stopped);
  REQUIRE_FALSE(first.checkpoint.empty());
  const Retrained resumed = run(dataset, plan, second, 2, first.checkpoint);
  CHECK(second.epochs == 3);
  CHECK(resumed.history.size() == 6);
  CHECK(resumed.statistics.weights_sha256 == expected);
}

TEST_CASE("a checkpoint for other images is rejected", "[engine][retrain]") {
  const Dataset dataset = Dataset::open(trained().dataset(true, 30));
  Watcher first, second;
  first.stop_in_epoch = 1;
  run(dataset, plan_of(dataset, quick("full")), first);
  const Dataset more = Dataset::open(trained().dataset(true, 31));
  CHECK_THROWS_AS(run(more, plan_of(more, quick("full")), second, 2, first.checkpoint),
                  FormatError);
}

TEST_CASE("a retraining can be stopped at every phase", "[engine][retrain]") {
  const Dataset dataset = Dataset::open(trained().dataset(false, 20));
  for (const char* phase : {retrain_phase::kExtractFeatures, retrain_phase::kTrainHead,
                            retrain_phase::kGate, retrain_phase::kMeasure}) {
    Watcher watcher;
    watcher.stop_in_phase = phase;
    CHECK(run(dataset, plan_of(dataset, quick()), watcher).outcome == TrainOutcome::stopped);
    CHECK(watcher.phases.back() == phase);
  }
}

TEST_CASE("a model trained on indistinguishable classes does not pass the gate",
          "[engine][retrain]") {
  const auto place = trained().dataset(false, 0);
  add_coloured(place, {{"grey", {75, 75, 75}}, {"other grey", {75, 75, 75}}}, 60, 0, Origin::upload,
               100);
  const Dataset dataset = Dataset::open(place);
  Watcher watcher;
  const Retrained result = run(dataset, plan_of(dataset, quick()), watcher);
  INFO(result.verdict.text);
  CHECK(result.verdict.decision != Decision::promote);
}
