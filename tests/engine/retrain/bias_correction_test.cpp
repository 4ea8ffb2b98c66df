#include "engine/retrain/bias_correction.h"

#include "engine/retrain/weight_interpolation.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

// A head on two features that tells "left" from "right", and 200 held-out vectors of each.
struct Sides {
  Sides()
      : network(NetworkSpec{{1, 1, 1, 2}, {{FlattenSpec{}}, {DenseSpec{2}}}}),
        wide(NetworkSpec{{1, 1, 1, 2}, {{FlattenSpec{}}, {DenseSpec{3}}}}) {
    for (int i = 0; i < 4; ++i) network.head_weight().value.data()[i] = i % 3 == 0 ? 1 : -1;
    wide = network.with_outputs(3);
    bundle.dim = 2;
    bundle.classes = {"left", "right"};
    bundle.holdout = Tensor({400, 1, 1, 2});
    for (int i = 0; i < 400; ++i) {
      // 30 of 200 vectors are hard: close to the border.
      const Scalar strength = i % 200 < 30 ? 0.1f : 1;
      bundle.holdout.image(i)[i / 200] = strength;
      bundle.labels.push_back(i / 200);
    }
    plan.mode = RetrainMode::frozen;
    plan.classes = {"left", "right", "up"};
    plan.old_classes = 2;
    gate.min_absolute_change = 0.01;
    gate.class_max_drop = 1;
  }
  Holdout holdout() { return Holdout(plan, dataset, &bundle, network, Preprocess(), 1); }
  int right(const Holdout& holdout, const Network& of) {
    const Answered answered = holdout.calibrating_answers(of);
    int count = 0;
    for (std::size_t i = 0; i < answered.labels.size(); ++i) {
      const Scalar* row = answered.logits.image(static_cast<int>(i));
      count += std::max_element(row, row + of.outputs()) - row == answered.labels[i];
    }
    return count;
  }
  // All that the start has learned, times `factor`.
  Network tuned(float factor) const {
    Network tuned = wide.clone();
    Tensor& weight = tuned.head_weight().value;
    for (std::int64_t i = 0; i < weight.size(); ++i) weight.data()[i] *= factor;
    return tuned;
  }

  Network network, wide;
  FeatureBundle bundle;
  Dataset dataset;
  RetrainPlan plan;
  GateOptions gate;
};

}  // namespace

TEST_CASE("a blend lies between two networks, in parameters and in running statistics") {
  const NetworkSpec spec{{1, 2, 2, 1},
                         {{Conv2dSpec{.out = 1, .kernel = 1, .bias = false}},
                          {BatchNormSpec{}},
                          {FlattenSpec{}},
                          {DenseSpec{1}}}};
  Network start(spec), tuned(spec);
  for (Param* param : start.params()) param->value.data()[0] = 1;
  for (Param* param : tuned.params()) param->value.data()[0] = 3;
  for (Buffer* buffer : start.buffers()) buffer->value.data()[0] = 10;
  for (Buffer* buffer : tuned.buffers()) buffer->value.data()[0] = 20;
  interpolate_weights(tuned, start, 0.25f);
  for (const Param* param : tuned.params()) CHECK(param->value.data()[0] == 1.5f);
  REQUIRE(tuned.buffers().size() == 2);
  for (const Buffer* buffer : tuned.buffers()) CHECK(buffer->value.data()[0] == 12.5f);
}

TEST_CASE("fine-tuning is taken back as far as the old classes need it, and no further") {
  Sides sides;
  const Holdout holdout = sides.holdout();
  const BiasCorrection keep(holdout, holdout.calibrating_answers(sides.network), 2, sides.gate);
  Network harmless = sides.tuned(1.5f);
  CHECK(keep.limit_forgetting(harmless, sides.wide) == 1);
  CHECK(harmless.head_weight().value.data()[0] == 1.5f);
  // Left is right and right is left, until less than 0.4 of it are kept.
  Network harmful = sides.tuned(-1.5f);
  CHECK(sides.right(holdout, harmful) == 0);
  CHECK(keep.limit_forgetting(harmful, sides.wide) == Approx(0.3));
  CHECK(sides.right(holdout, harmful) == 100);
}

TEST_CASE("a class that loses alone takes fine-tuning back, though all together may lose it") {
  Sides sides;
  sides.gate.min_absolute_change = sides.gate.class_max_drop = 2;
  const Holdout holdout = sides.holdout();
  const BiasCorrection keep(holdout, holdout.calibrating_answers(sides.network), 2, sides.gate);
  Network harmful = sides.tuned(-1.5f);
  CHECK(keep.limit_forgetting(harmful, sides.wide) == 1);
  sides.gate.class_max_drop = 0.05;
  harmful = sides.tuned(-1.5f);
  CHECK(keep.limit_forgetting(harmful, sides.wide) == Approx(0.3));
}

TEST_CASE("a border that moved between old classes, or towards a new one, is moved back") {
  Sides sides;
  const Holdout holdout = sides.holdout();
  const BiasCorrection keep(holdout, holdout.calibrating_answers(sides.network), 2, sides.gate);
  const auto favoured = GENERATE(0, 1, 2);
  CAPTURE(favoured);
  Network greedy = sides.wide.clone();
  greedy.head_bias()->value.data()[favoured] = 0.5f;
  CHECK(sides.right(holdout, greedy) < 100);
  SECTION("alone") {
    keep.balance(greedy);
  }
  SECTION("and fine-tuning did no other harm") {
    CHECK(keep.limit_forgetting(greedy, sides.wide) == 1);
  }
  CHECK(sides.right(holdout, greedy) == 100);
}

TEST_CASE("with too few old rows to measure nothing is changed") {
  Sides sides;
  Tensor few({20, 1, 1, 2});
  sides.bundle.holdout = few.clone();
  sides.bundle.labels.assign(20, 0);
  const Holdout holdout = sides.holdout();
  const BiasCorrection keep(holdout, holdout.calibrating_answers(sides.network), 2, sides.gate);
  Network harmful = sides.wide.clone();
  harmful.head_bias()->value.data()[1] = 5;
  CHECK(keep.limit_forgetting(harmful, sides.wide) == 1);
  keep.balance(harmful);
  CHECK(harmful.head_bias()->value.data()[1] == 5);
}
