#include "engine/retrain/gate.h"

#include <cmath>

#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/predictions.h"

using namespace fovea;
using tests::PredictionPair;

namespace {

const GateCheck& check_named(const GateVerdict& verdict, const std::string& name) {
  for (const GateCheck& check : verdict.checks) {
    if (check.name == name) return check;
  }
  throw std::runtime_error("no check " + name);
}

constexpr auto kPassed = GateCheck::Result::passed;
constexpr auto kFailed = GateCheck::Result::failed;
constexpr auto kUnknown = GateCheck::Result::unknown;

}  // namespace

TEST_CASE("McNemar's p is exact below 25 discordant images and uses Edwards' correction above",
          "[engine][retrain]") {
  CHECK(mcnemar_p(0, 0) == 1);
  CHECK(mcnemar_p(5, 5) == 1);
  CHECK(mcnemar_p(1, 9) == Approx(22.0 / 1024));  // 2 * (1 + 10) / 2^10
  CHECK(mcnemar_p(9, 1) == mcnemar_p(1, 9));
  CHECK(mcnemar_p(0, 6) == Approx(2.0 / 64));
  // chi-square (|121 - 59| - 1)^2 / 180 = 20.672
  CHECK(mcnemar_p(121, 59) == Approx(5.450e-6).epsilon(1e-3));
  CHECK(mcnemar_p(13, 13) == 1);
  CHECK(mcnemar_p(20, 10) == Approx(0.10035).epsilon(1e-3));  // chi2 = 81 / 30 = 2.7
}

TEST_CASE("a challenger as good as the champion is promoted", "[engine][retrain]") {
  PredictionPair pair({"cat", "dog"}, {"cat", "dog"});
  pair.add(0, 0, 0, 80).add(0, 1, 0, 4).add(0, 0, 1, 3).add(1, 1, 1, 90).add(1, 0, 0, 10);
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::promote);
  CHECK(to_string(verdict.decision) == "promote");
  REQUIRE(verdict.checks.size() == 5);
  for (const GateCheck& check : verdict.checks) {
    INFO(check.name << ": " << check.text);
    CHECK(check.result == kPassed);
  }
  CHECK(verdict.missing.empty());
  CHECK(check_named(verdict, "new_classes").text == "There are no new classes.");
  CHECK(check_named(verdict, "old_accuracy").text ==
        "Accuracy on the old classes went from 92.5 % to 93.0 % (187 images, 3 lost, 4 won; 95 % "
        "interval of the change: -2.4 to +3.5 points): no drop.");
}

TEST_CASE("a significant drop on old images rejects unless it is within the limit",
          "[engine][retrain]") {
  PredictionPair pair({"cat", "dog"}, {"cat", "dog"});
  pair.add(0, 0, 0, 470).add(0, 0, 1, 15).add(0, 1, 0, 2);
  pair.add(1, 1, 1, 470).add(1, 1, 0, 15).add(1, 0, 1, 2);
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::reject);
  CHECK(check_named(verdict, "old_accuracy").result == kFailed);
  CHECK(check_named(verdict, "class_recall").result == kPassed);  // 2.7 points each
  CHECK_THAT(verdict.text, ContainsSubstring("went from 99.6 % to 96.9 %"));
  GateOptions options;
  options.min_absolute_change = 0.03;
  CHECK(run_gate(pair.comparison(), options).decision == Decision::promote);
}

TEST_CASE("a drop that may be chance passes if the images rule out a large one",
          "[engine][retrain]") {
  PredictionPair pair({"cat"}, {"cat"});
  pair.add(0, 0, 0, 90);
  pair.classes = pair.champion_classes = {"cat", "dog"};
  pair.add(0, 0, 1, 6).add(0, 1, 0, 2).add(1, 1, 1, 30);
  // 128 images, 6 lost and 2 won: -7.6 to +1.4 points.
  const GateVerdict unsure = run_gate(pair.comparison());
  CHECK(unsure.decision == Decision::undecided);
  CHECK_THAT(check_named(unsure, "old_accuracy").text,
             ContainsSubstring("a drop of more than 5.0 points is possible"));
  REQUIRE(unsure.missing.size() == 1);
  CHECK(unsure.missing[0] ==
        "More held-out images of old classes: 128 cannot rule out a drop of 5.0 points.");
  pair.add(0, 0, 0, 200);
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::promote);
  CHECK_THAT(check_named(verdict, "old_accuracy").text,
             ContainsSubstring("the drop may be chance"));
}

TEST_CASE("one class that collapses rejects even if others compensate", "[engine][retrain]") {
  PredictionPair pair({"cat", "dog"}, {"cat", "dog"});
  pair.add(0, 0, 0, 70).add(0, 0, 1, 30).add(1, 1, 1, 60).add(1, 0, 1, 40);
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK(check_named(verdict, "old_accuracy").result == kPassed);
  CHECK(check_named(verdict, "class_recall").result == kFailed);
  CHECK_THAT(check_named(verdict, "class_recall").text,
             ContainsSubstring(
                 "cat from 100.0 % to 70.0 % (100 images; 99 % interval of the change: -41.3 "
                 "to -17.5 points)"));
  CHECK(verdict.decision == Decision::reject);
  GateOptions options;
  options.class_min_support = 101;  // then no class is tested alone
  options.max_ece_rise = 1;
  const GateVerdict open = run_gate(pair.comparison(), options);
  CHECK(open.decision == Decision::undecided);
  CHECK(open.missing.size() == 1);
}

TEST_CASE("classes with few images are tested together", "[engine][retrain]") {
  PredictionPair pair({"cat", "dog", "elk"}, {"cat", "dog", "elk"});
  pair.add(0, 0, 0, 100).add(1, 1, 1, 5).add(1, 1, 0, 15).add(2, 2, 2, 5).add(2, 2, 0, 15);
  GateOptions options;
  options.class_min_support = 30;
  options.min_absolute_change = 1;
  options.max_ece_rise = 1;
  const GateVerdict verdict = run_gate(pair.comparison(), options);
  CHECK(check_named(verdict, "class_recall").result == kFailed);
  CHECK_THAT(check_named(verdict, "class_recall").text,
             ContainsSubstring("dog, elk together from 100.0 % to 25.0 %"));
  options.class_min_support = 50;  // there are 40
  CHECK(check_named(run_gate(pair.comparison(), options), "class_recall").result == kPassed);
}

TEST_CASE("new classes need enough images and a minimum recall", "[engine][retrain]") {
  PredictionPair pair({"cat"}, {"cat", "fist"});
  pair.add(0, 0, 0, 120).add(1, 0, 1, 19).add(1, 0, 0, 1);
  GateVerdict verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::promote);
  CHECK(check_named(verdict, "new_classes").text ==
        "Of the held-out images of the new class, 19 of 20 (95.0 %; 95 % interval 76.4 % to 99.1 "
        "%) are recognised: at least the 60.0 % required.");
  pair.add(1, 0, 0, 8);  // 19 of 28 are 67.9 %, but the interval begins at 49.3 %
  verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::undecided);
  CHECK(check_named(verdict, "new_classes").result == kUnknown);
  REQUIRE(verdict.missing.size() == 1);
  CHECK(verdict.missing[0] ==
        "More held-out images of the new classes: with 28, their recall may be below 60.0 %.");
  pair.add(1, 0, 0, 40);
  verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::reject);
  CHECK(check_named(verdict, "new_classes").result == kFailed);

  PredictionPair thin({"cat"}, {"cat", "fist"});
  thin.add(0, 0, 0, 120).add(1, 0, 1, 3);
  verdict = run_gate(thin.comparison());
  CHECK(verdict.decision == Decision::undecided);
  REQUIRE(verdict.missing.size() == 1);
  CHECK_THAT(verdict.missing[0], ContainsSubstring("fist (3)"));
}

TEST_CASE("without held-out images of old classes the gate is undecided", "[engine][retrain]") {
  PredictionPair pair({"cat", "dog"}, {"cat", "dog", "fist"});
  pair.add(2, 0, 2, 50).add(0, 0, 0, 50);
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::undecided);
  CHECK(check_named(verdict, "coverage").result == kUnknown);
  CHECK(check_named(verdict, "old_accuracy").result == kUnknown);
  CHECK(check_named(verdict, "calibration").result == kUnknown);
  REQUIRE(verdict.missing.size() == 2);
  CHECK_THAT(verdict.missing[0], ContainsSubstring("At least 100 held-out images"));
  CHECK_THAT(verdict.missing[1], ContainsSubstring("dog"));

  PredictionPair nothing({"cat"}, {"cat"});
  CHECK(run_gate(nothing.comparison()).decision == Decision::undecided);
}

TEST_CASE("a challenger without one of the old classes is not promoted", "[engine][retrain]") {
  PredictionPair pair({"dog", "cat"}, {"cat"});
  pair.challenger_confidence = 0.95f;
  pair.add(0, 1, 0, 110).add(0, 0, 0, 5);  // the challenger has no class "dog"
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::undecided);
  CHECK_THAT(check_named(verdict, "coverage").text, ContainsSubstring("none of dog"));
  CHECK_THAT(check_named(verdict, "old_accuracy").text, ContainsSubstring("0 lost, 5 won"));
}

TEST_CASE("an overconfident challenger is rejected", "[engine][retrain]") {
  PredictionPair pair({"cat", "dog"}, {"cat", "dog"});
  pair.challenger_confidence = 0.999f;  // the champion's confidence of 0.8 equals its accuracy
  pair.add(0, 0, 0, 80).add(0, 1, 1, 20).add(1, 1, 1, 80).add(1, 0, 0, 20);
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK(verdict.decision == Decision::reject);
  CHECK(check_named(verdict, "calibration").result == kFailed);
  CHECK_THAT(check_named(verdict, "calibration").text, ContainsSubstring("from 0.0 % to 19.9 %"));
}

TEST_CASE("a rise of the calibration error that may be chance passes", "[engine][retrain]") {
  PredictionPair pair({"cat", "dog"}, {"cat", "dog"});
  pair.challenger_confidence = 0.85f;
  pair.add(0, 0, 0, 44).add(0, 1, 1, 11).add(1, 1, 1, 44).add(1, 0, 0, 11);
  const GateVerdict verdict = run_gate(pair.comparison());
  CHECK_THAT(check_named(verdict, "calibration").text,
             ContainsSubstring("from 0.0 % to 5.0 %") && ContainsSubstring("may be chance"));
  CHECK(check_named(verdict, "calibration").result == kPassed);
}

TEST_CASE("the gate rejects probabilities that do not match the labels", "[engine][retrain]") {
  PredictionPair pair({"cat"}, {"cat"});
  pair.add(0, 0, 0, 3);
  pair.labels.pop_back();
  pair.labels.push_back(1);
  CHECK_THROWS_WITH(run_gate(pair.comparison()), ContainsSubstring("label 1 is not below 1"));
  const Tensor two({2, 1, 1, 1});
  const std::vector<std::string> classes{"cat"};
  const std::vector<int> labels{0, 0, 0};
  CHECK_THROWS_WITH(
      run_gate({two, two, labels, classes, classes}),
      ContainsSubstring("the champion's probabilities have shape 2x1x1x1 for 3 labels"));
}
