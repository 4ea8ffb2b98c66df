#include "engine/retrain/bias_correction.h"

#include "engine/retrain/weight_interpolation.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

// A head on two features that separates "left" from "right", with 200 held-out vectors of each.
struct Sides {
  Sides()
      : network(NetworkSpec{{1, 1, 1, 2}, {{FlattenSpec{}}, {DenseSpec{2}}}}),
        wide(NetworkSpec{{1, 1, 1, 2}, {{FlattenSpec{}}, {DenseSpec{3}}}}) {
    for (int i = 0; i < 4; ++i) network.head_weight().value.data()[i] = i % 3 == 0 ? 1 : -1;
    wide = network.with_outputs(3);
    statistics.dim = 2;
    statistics.classes = {"left", "right"};
    statistics.holdout = Tensor({400, 1, 1, 2});
    for (int i = 0; i < 400; ++i) {
      // 30 of 200 vectors are close to the boundary.
      const Scalar strength = i % 200 < 30 ? 0.1f : 1;
      statistics.holdout.image(i)[i / 200] = strength;
      statistics.labels.push_back(i / 200);
    }
    plan.mode = RetrainMode::frozen;
    plan.classes = {"left", "right", "up"};
    plan.old_classes = 2;
    gate.min_absolute_change = 0.01;
    gate.class_max_drop = 1;
  }
  Holdout holdout() { return Holdout(plan, dataset, &statistics, network, Preprocess(), 1); }
  int right(const Holdout& holdout, const Network& of) {
    const LabelledLogits answered = holdout.predict_calibration_rows(of);
    int count = 0;
    for (std::size_t i = 0; i < answered.labels.size(); ++i) {
      const Scalar* row = answered.logits.image(static_cast<int>(i));
      count += std::max_element(row, row + of.outputs()) - row == answered.labels[i];
    }
    return count;
  }
  // The start with its weights multiplied by `factor`.
  Network tuned(float factor) const {
    Network tuned = wide.clone();
    Tensor& weight = tuned.head_weight().value;
    for (std::int64_t i = 0; i < weight.size(); ++i) weight.data()[i] *= factor;
    return tuned;
  }

  Network network, wide;
  FeatureStatistics statistics;
  Dataset dataset;
  RetrainPlan plan;
  GateOptions gate;
};

}  // namespace

TEST_CASE("weight interpolation applies to parameters and running statistics",
          "[engine][retrain]") {
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

TEST_CASE("fine-tuning is reverted only as far as the old classes require", "[engine][retrain]") {
  Sides sides;
  const Holdout holdout = sides.holdout();
  const BiasCorrection correction(holdout, holdout.predict_calibration_rows(sides.network), 2,
                                  sides.gate);
  Network harmless = sides.tuned(1.5f);
  CHECK(correction.limit_forgetting(harmless, sides.wide) == 1);
  CHECK(harmless.head_weight().value.data()[0] == 1.5f);
  // The two classes are swapped, unless less than 0.4 of the change is kept.
  Network harmful = sides.tuned(-1.5f);
  CHECK(sides.right(holdout, harmful) == 0);
  CHECK(correction.limit_forgetting(harmful, sides.wide) == Approx(0.3));
  CHECK(sides.right(holdout, harmful) == 100);
}

TEST_CASE("a loss of one class reverts fine-tuning even if the total loss is within the limit",
          "[engine][retrain]") {
  Sides sides;
  sides.gate.min_absolute_change = sides.gate.class_max_drop = 2;
  const Holdout holdout = sides.holdout();
  const BiasCorrection correction(holdout, holdout.predict_calibration_rows(sides.network), 2,
                                  sides.gate);
  Network harmful = sides.tuned(-1.5f);
  CHECK(correction.limit_forgetting(harmful, sides.wide) == 1);
  sides.gate.class_max_drop = 0.05;
  harmful = sides.tuned(-1.5f);
  CHECK(correction.limit_forgetting(harmful, sides.wide) == Approx(0.3));
}

TEST_CASE("a shifted class boundary is corrected", "[engine][retrain]") {
  Sides sides;
  const Holdout holdout = sides.holdout();
  const BiasCorrection correction(holdout, holdout.predict_calibration_rows(sides.network), 2,
                                  sides.gate);
  const auto favoured = GENERATE(0, 1, 2);
  CAPTURE(favoured);
  Network greedy = sides.wide.clone();
  greedy.head_bias()->value.data()[favoured] = 0.5f;
  CHECK(sides.right(holdout, greedy) < 100);
  SECTION("alone") {
    correction.correct_biases(greedy);
  }
  SECTION("and fine-tuning did no other harm") {
    CHECK(correction.limit_forgetting(greedy, sides.wide) == 1);
  }
  CHECK(sides.right(holdout, greedy) == 100);
}

TEST_CASE("with too few old rows the network is not changed", "[engine][retrain]") {
  Sides sides;
  Tensor few({20, 1, 1, 2});
  sides.statistics.holdout = few.clone();
  sides.statistics.labels.assign(20, 0);
  const Holdout holdout = sides.holdout();
  const BiasCorrection correction(holdout, holdout.predict_calibration_rows(sides.network), 2,
                                  sides.gate);
  Network harmful = sides.wide.clone();
  harmful.head_bias()->value.data()[1] = 5;
  CHECK(correction.limit_forgetting(harmful, sides.wide) == 1);
  correction.correct_biases(harmful);
  CHECK(harmful.head_bias()->value.data()[1] == 5);
}
