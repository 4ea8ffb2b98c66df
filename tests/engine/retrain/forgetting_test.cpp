#include "engine/retrain/forgetting.h"

#include "tests/support/catch.h"
#include "tests/support/predictions.h"

using namespace fovea;
using tests::PredictionPair;

TEST_CASE("the forgetting report compares the recall of every class and names its confusions",
          "[engine][retrain]") {
  PredictionPair pair({"cat", "dog"}, {"cat", "dog", "fist"});
  pair.add(0, 0, 0, 70).add(0, 0, 2, 20).add(0, 1, 1, 10);
  pair.add(1, 1, 1, 48).add(1, 0, 1, 2).add(2, 0, 2, 9).add(2, 1, 0, 1);
  const ForgettingReport report = report_forgetting(pair.comparison());
  REQUIRE(report.classes.size() == 3);
  const ClassChange& cat = report.classes[0];
  CHECK(cat.name == "cat");
  CHECK(cat.support == 100);
  CHECK(cat.before == Approx(0.9));
  CHECK(cat.after == Approx(0.7));
  CHECK(cat.difference == Approx(-0.2));
  // Agresti and Min: (0.5 - 20.5) / 102 -/+ 1.96 sqrt(21 - 20^2 / 102) / 102
  CHECK(cat.interval.low == Approx(-0.27549).margin(1e-4));
  CHECK(cat.interval.high == Approx(-0.11668).margin(1e-4));
  CHECK(cat.after_interval.low == Approx(0.6042).margin(1e-4));  // Wilson, 70 of 100
  CHECK(cat.p == Approx(mcnemar_p(20, 0)));
  CHECK(cat.confused_with == "fist");
  CHECK(cat.confused == 20);
  CHECK(report.classes[1].difference == Approx(0.04));
  CHECK(report.classes[1].confused == 0);
  CHECK(report.classes[1].confused_with.empty());
  CHECK(report.classes[2].is_new);
  CHECK(report.classes[2].before == 0);
  CHECK(report.classes[2].after == Approx(0.9));
  CHECK(report.old_classes.count == 150);
  CHECK(report.new_classes.after == 9);
  REQUIRE(report.sentences.size() == 3);
  CHECK(report.sentences[0] ==
        "On 150 held-out images of the old classes the accuracy went from 92.0 % to 80.0 % (95 % "
        "interval 72.9 % to 85.6 %).");
  CHECK(report.sentences[1] ==
        "The largest loss is cat, from 90.0 % to 70.0 %; it is now most often confused with fist.");
  CHECK(report.sentences[2] ==
        "Of 10 held-out images of the new classes 90.0 % (95 % interval 59.6 % to 98.2 %) are "
        "recognised.");
}

TEST_CASE("the forgetting report states whether a loss is significant", "[engine][retrain]") {
  PredictionPair pair({"cat"}, {"cat", "dog"});
  pair.add(0, 0, 0, 30).add(0, 0, 1, 1);
  CHECK_THAT(report_forgetting(pair.comparison()).sentences[1],
             ContainsSubstring("to 96.8 %, which may be chance; it is now"));
  PredictionPair good({"cat"}, {"cat"});
  good.add(0, 0, 0, 3);
  CHECK(report_forgetting(good.comparison()).sentences[1] ==
        "No old class is recognised less often than before.");
  PredictionPair nothing({"cat"}, {"cat", "dog"});
  nothing.add(1, 0, 1, 3);
  CHECK_THAT(report_forgetting(nothing.comparison()).sentences[0],
             ContainsSubstring("Forgetting cannot be measured"));
}
