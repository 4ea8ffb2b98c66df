#include "engine/retrain/gate.h"

#include <cmath>

#include "engine/core/error.h"
#include "tests/support/answers.h"
#include "tests/support/catch.h"

using namespace fovea;
using tests::Pair;

namespace {

const Rule& rule(const GateVerdict& verdict, const std::string& name) {
  for (const Rule& rule : verdict.rules) {
    if (rule.name == name) return rule;
  }
  throw std::runtime_error("no rule " + name);
}

constexpr auto kPassed = Rule::Outcome::passed;
constexpr auto kFailed = Rule::Outcome::failed;
constexpr auto kUnknown = Rule::Outcome::unknown;

}  // namespace

TEST_CASE("McNemar's p is exact below 25 discordant images and Edwards' above") {
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

TEST_CASE("a challenger that is as good as the champion is promoted") {
  Pair pair({"cat", "dog"}, {"cat", "dog"});
  pair.add(0, 0, 0, 80).add(0, 1, 0, 4).add(0, 0, 1, 3).add(1, 1, 1, 90).add(1, 0, 0, 10);
  const GateVerdict verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::promote);
  CHECK(to_string(verdict.decision) == "promote");
  REQUIRE(verdict.rules.size() == 5);
  for (const Rule& rule : verdict.rules) {
    INFO(rule.name << ": " << rule.text);
    CHECK(rule.outcome == kPassed);
  }
  CHECK(verdict.missing.empty());
  CHECK(rule(verdict, "new_classes").text == "There are no new classes.");
  CHECK(rule(verdict, "old_accuracy").text ==
        "Accuracy on the old classes went from 92.5 % to 93.0 % (3 images lost, 4 won, p = "
        "1.000): no drop.");
}

TEST_CASE("a significant drop on old images rejects, unless it is as small as allowed") {
  Pair pair({"cat", "dog"}, {"cat", "dog"});
  pair.add(0, 0, 0, 470).add(0, 0, 1, 15).add(0, 1, 0, 2);
  pair.add(1, 1, 1, 470).add(1, 1, 0, 15).add(1, 0, 1, 2);
  const GateVerdict verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::reject);
  CHECK(rule(verdict, "old_accuracy").outcome == kFailed);
  CHECK(rule(verdict, "class_recall").outcome == kPassed);  // 2.7 points each
  CHECK_THAT(verdict.text, ContainsSubstring("went from 99.6 % to 96.9 %"));
  GateOptions options;
  options.min_absolute_change = 0.03;
  CHECK(judge(pair.comparison(), options).decision == Decision::promote);
}

TEST_CASE("a drop that may be chance does not reject") {
  Pair pair({"cat"}, {"cat"});
  pair.add(0, 0, 0, 90);
  pair.classes = pair.champion_classes = {"cat", "dog"};
  pair.add(0, 0, 1, 6).add(0, 1, 0, 2).add(1, 1, 1, 30);
  const GateVerdict verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::promote);
  CHECK_THAT(rule(verdict, "old_accuracy").text, ContainsSubstring("the drop may be chance"));
}

TEST_CASE("one class that collapses rejects though the others made up for it") {
  Pair pair({"cat", "dog"}, {"cat", "dog"});
  pair.add(0, 0, 0, 70).add(0, 0, 1, 30).add(1, 1, 1, 60).add(1, 0, 1, 40);
  const GateVerdict verdict = judge(pair.comparison());
  CHECK(rule(verdict, "old_accuracy").outcome == kPassed);
  CHECK(rule(verdict, "class_recall").outcome == kFailed);
  CHECK_THAT(rule(verdict, "class_recall").text,
             ContainsSubstring("cat from 100.0 % to 70.0 % (p < 0.001)"));
  CHECK(verdict.decision == Decision::reject);
  GateOptions options;
  options.class_min_support = 101;  // then nobody is judged alone, and that is said
  options.max_ece_rise = 1;
  const GateVerdict open = judge(pair.comparison(), options);
  CHECK(open.decision == Decision::cannot_judge);
  CHECK(open.missing.size() == 1);
}

TEST_CASE("classes of few images are judged together") {
  Pair pair({"cat", "dog", "elk"}, {"cat", "dog", "elk"});
  pair.add(0, 0, 0, 100).add(1, 1, 1, 5).add(1, 1, 0, 15).add(2, 2, 2, 5).add(2, 2, 0, 15);
  GateOptions options;
  options.class_min_support = 30;
  options.min_absolute_change = 1;
  options.max_ece_rise = 1;
  const GateVerdict verdict = judge(pair.comparison(), options);
  CHECK(rule(verdict, "class_recall").outcome == kFailed);
  CHECK_THAT(rule(verdict, "class_recall").text,
             ContainsSubstring("dog, elk together from 100.0 % to 25.0 %"));
  options.class_min_support = 50;  // there are 40
  CHECK(rule(judge(pair.comparison(), options), "class_recall").outcome == kPassed);
}

TEST_CASE("new classes need a recall of their own, and enough images to say so") {
  Pair pair({"cat"}, {"cat", "fist"});
  pair.add(0, 0, 0, 120).add(1, 0, 1, 6).add(1, 0, 0, 4);
  GateVerdict verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::promote);
  CHECK_THAT(rule(verdict, "new_classes").text,
             ContainsSubstring("The 1 new class is recognised in 60.0 % of the cases"));
  pair.add(1, 0, 0, 1);
  verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::reject);
  CHECK(rule(verdict, "new_classes").outcome == kFailed);

  Pair thin({"cat"}, {"cat", "fist"});
  thin.add(0, 0, 0, 120).add(1, 0, 1, 3);
  verdict = judge(thin.comparison());
  CHECK(verdict.decision == Decision::cannot_judge);
  REQUIRE(verdict.missing.size() == 1);
  CHECK_THAT(verdict.missing[0], ContainsSubstring("fist (3)"));
}

TEST_CASE("without old held-out images nothing is promoted") {
  Pair pair({"cat", "dog"}, {"cat", "dog", "fist"});
  pair.add(2, 0, 2, 50).add(0, 0, 0, 50);
  const GateVerdict verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::cannot_judge);
  CHECK(rule(verdict, "coverage").outcome == kUnknown);
  CHECK(rule(verdict, "old_accuracy").outcome == kUnknown);
  CHECK(rule(verdict, "calibration").outcome == kUnknown);
  REQUIRE(verdict.missing.size() == 2);
  CHECK_THAT(verdict.missing[0], ContainsSubstring("At least 100 held-out images"));
  CHECK_THAT(verdict.missing[1], ContainsSubstring("dog"));

  Pair nothing({"cat"}, {"cat"});
  CHECK(judge(nothing.comparison()).decision == Decision::cannot_judge);
}

TEST_CASE("a class that the challenger gave up keeps it from being promoted") {
  Pair pair({"dog", "cat"}, {"cat"});
  pair.challenger_sure = 0.95f;
  pair.add(0, 1, 0, 110).add(0, 0, 0, 5);  // the champion's "dog" is now nobody's answer
  const GateVerdict verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::cannot_judge);
  CHECK_THAT(rule(verdict, "coverage").text, ContainsSubstring("none of dog"));
  CHECK_THAT(rule(verdict, "old_accuracy").text, ContainsSubstring("0 images lost, 5 won"));
}

TEST_CASE("a challenger that is much surer than right is rejected") {
  Pair pair({"cat", "dog"}, {"cat", "dog"});
  pair.challenger_sure = 0.999f;  // the champion says 0.8 and is right in 80 of 100
  pair.add(0, 0, 0, 80).add(0, 1, 1, 20).add(1, 1, 1, 80).add(1, 0, 0, 20);
  const GateVerdict verdict = judge(pair.comparison());
  CHECK(verdict.decision == Decision::reject);
  CHECK(rule(verdict, "calibration").outcome == kFailed);
  CHECK_THAT(rule(verdict, "calibration").text, ContainsSubstring("from 0.0 % to 19.9 %"));
}

TEST_CASE("judging refuses answers that do not fit the labels") {
  Pair pair({"cat"}, {"cat"});
  pair.add(0, 0, 0, 3);
  pair.labels.pop_back();
  pair.labels.push_back(1);
  CHECK_THROWS_WITH(judge(pair.comparison()), ContainsSubstring("label 1 is not below 1"));
  const Tensor two({2, 1, 1, 1});
  const std::vector<std::string> classes{"cat"};
  const std::vector<int> labels{0, 0, 0};
  CHECK_THROWS_WITH(judge({two, two, labels, classes, classes}),
                    ContainsSubstring("the champion's answers have shape 2x1x1x1 for 3 labels"));
}
