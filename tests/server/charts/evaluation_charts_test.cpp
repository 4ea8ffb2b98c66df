#include <cmath>

#include "server/charts/insight.h"
#include "tests/support/catch.h"
#include "tests/support/evaluations.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

// 100 cats, 30 of them classified as dog; 100 dogs, 4 of them classified as cat; 100 owls.
Answers animals() {
  Answers answers({"cat", "dog", "owl"});
  answers.add(0, 0, 70).add(0, 1, 30, 0.7f).add(1, 1, 96, 0.9f).add(1, 0, 4, 0.6f);
  return answers.add(2, 2, 100, 0.95f);
}

TEST_CASE("the confusion matrix names both directions of the most frequent mistake",
          "[server][charts]") {
  const Insight insight = confusion_matrix(animals().report());
  CHECK_THAT(insight.sentence,
             ContainsSubstring("88.7 % of 300 images are classified correctly (the diagonal; 95 % "
                               "interval 84.6 % to 91.8 %)"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("cat classified as dog: 30 of 100 images (30 %); the "
                               "reverse occurs 4 times"));
  CHECK_THAT(
      insight.sentence,
      ContainsSubstring("Recall is highest for owl (100 % of 100 images, 95 % interval 96.3 % "
                        "to 100 %) and lowest for cat (70 % of 100 images, 95 % interval "
                        "60.4 % to 78.1 %)"));
  const auto& map = std::get<HeatMap>(insight.chart.panels.at(0));
  CHECK(map.values == std::vector<std::vector<double>>{{70, 30, 0}, {4, 96, 0}, {0, 0, 100}});
  const Insight other = confusion_matrix(animals().add(2, 0, 50).report());
  CHECK_THAT(other.sentence,
             ContainsSubstring("owl classified as cat: 50 of 150 images (33.3 %); the "
                               "reverse never occurs"));
  CHECK_THAT(other.sentence, !ContainsSubstring("highest for owl"));
}

TEST_CASE("the confusion matrix names the most one-sided confusion", "[server][charts]") {
  Answers answers({"cat", "dog", "owl"});
  answers.add(0, 0, 50).add(0, 1, 20).add(1, 1, 50).add(1, 0, 19).add(2, 2, 50).add(2, 0, 15);
  CHECK_THAT(confusion_matrix(answers.report()).sentence,
             ContainsSubstring("most one-sided confusion is owl classified as cat, which occurs 15 "
                               "times; the reverse never occurs"));
}

TEST_CASE("captions state that a model makes no mistakes", "[server][charts]") {
  const EvaluationReport report = Answers({"a", "b"}).add(0, 0, 60).add(1, 1, 60).report();
  CHECK(confusion_matrix(report).sentence ==
        "All 120 images are classified correctly (95 % interval 96.9 % to 100 %).");
  const Insight mistakes = worst_mistakes(report);
  CHECK(mistakes.sentence == "There are no mistakes among 120 images.");
  CHECK(mistakes.chart.panels.empty());
  CHECK_THAT(precision_recall_curves(report).sentence,
             ContainsSubstring("reaches a recall of 90 % without false positives"));
}

TEST_CASE("the worst mistakes name the most confident and the most frequent ones",
          "[server][charts]") {
  const Insight insight = worst_mistakes(animals().add(2, 0, 1, 0.99f).report());
  CHECK_THAT(insight.sentence,
             ContainsSubstring("most confident mistake is owl classified as cat (99 %)"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("The most frequent among the 35 most confident mistakes is cat "
                               "classified as dog (30)."));
  CHECK_THAT(insight.sentence, ContainsSubstring("30 of them were classified as dog"));
  const auto& images = std::get<ImageGrid>(insight.chart.panels.at(0)).groups.at(0).images;
  CHECK(images.size() == 35);
  CHECK(images[0].sha256 == Answers::image_name(300));
  CHECK(images[0].label == "owl");
  CHECK(images[0].prediction == "cat");
  const auto& bars = std::get<Bars>(insight.chart.panels.at(1));
  CHECK(bars.categories.at(0) == "cat as dog");
  CHECK(bars.series.at(0).values.at(0) == 30);
}

TEST_CASE("mistakes without stored images are counted but not shown", "[server][charts]") {
  EvaluationReport report = animals().report();
  report.mistakes.clear();
  Insight insight = worst_mistakes(report);
  CHECK(insight.sentence ==
        "34 of 300 predictions are wrong. The images are not stored; the evaluation used their "
        "stored "
        "features.");
  CHECK(insight.chart.panels.empty());
  report = animals().report();
  REQUIRE(report.mistakes.size() == 34);
  CHECK(worst_mistakes(report).caveat.empty());
  report.mistakes = {{"a", 0, 1, 0.9}, {"b", 1, 0, 0.8}};
  insight = worst_mistakes(report);
  CHECK_THAT(insight.sentence,
             ContainsSubstring("34 of 300 predictions are wrong. The most confident"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("No pair of classes occurs twice among the 2 mistakes shown."));
  CHECK_THAT(insight.caveat,
             ContainsSubstring("Only 2 mistakes can be shown: the images of the others are "
                               "not stored"));
  // An evaluation lists at most 50 mistakes: this is not a reason for a caveat.
  CHECK(worst_mistakes(animals().add(2, 0, 100).report()).caveat.empty());
}

TEST_CASE("ROC and precision-recall curves name the best and the worst class", "[server][charts]") {
  const EvaluationReport report = animals().report();
  const Insight insight = roc_curves(report);
  CHECK_THAT(insight.sentence, ContainsSubstring("highest for owl (1.000) and lowest for cat"));
  CHECK_THAT(insight.sentence, ContainsSubstring("gets the higher probability for cat in"));
  const auto& curves = std::get<Curves>(insight.chart.panels.at(0)).curves;
  REQUIRE(curves.size() == 4);
  CHECK(curves[0].highlighted);
  CHECK_FALSE(curves[1].highlighted);
  CHECK(curves[3].reference);
  CHECK_THAT(precision_recall_curves(report).sentence,
             ContainsSubstring("At a recall of 90 %, ") &&
                 ContainsSubstring("of the images classified as cat are of other classes"));
  // 70 of 100 cats rank above the first other image; the owls make other classes the worst.
  const EvaluationReport owls = animals().add(2, 1, 200, 0.99f).report();
  CHECK_THAT(roc_curves(owls).sentence, !ContainsSubstring("highest for owl"));
}

TEST_CASE("the recall at a fixed false positive rate is read from the ROC curve",
          "[server][charts]") {
  Answers answers({"yes", "no"});
  // One of 100 "no" images has a higher probability for "yes" than every "yes" image: at a false
  // positive rate of 1 % all are found.
  answers.add(0, 0, 50, 0.8f).add(1, 0, 1, 0.9f).add(1, 1, 99, 0.9f);
  CHECK_THAT(roc_curves(answers.report()).sentence,
             ContainsSubstring("At a false positive rate of 1 %, the recall of yes is 100 %."));
}

TEST_CASE("classes without images have no curve and a single class has no ROC curve",
          "[server][charts]") {
  const EvaluationReport report = Answers({"a", "b", "c"}).add(0, 0, 9).add(1, 1, 9).report();
  CHECK(std::get<Curves>(roc_curves(report).chart.panels.at(0)).curves.size() ==
        3);  // a, b, guessing
  const EvaluationReport alone = Answers({"a", "b"}).add(0, 0, 9).report();
  CHECK(roc_curves(alone).chart.panels.empty());
  CHECK_THAT(roc_curves(alone).sentence, ContainsSubstring("at least two classes"));
}

TEST_CASE("per-class metrics name the worst class and biased predictions", "[server][charts]") {
  const Insight insight = per_class_metrics(animals().report());
  CHECK_THAT(
      insight.sentence,
      ContainsSubstring("lowest for cat (0.80; recall 70 % of 100 images, 95 % interval 60.4 % to "
                        "78.1 %; precision 94.6 %)"));
  CHECK_THAT(insight.sentence, ContainsSubstring("highest for owl (1.00)"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("cat is predicted too rarely: 74 times for 100 images"));
  const auto& bars = std::get<Bars>(insight.chart.panels.at(0));
  CHECK(bars.series.at(1).values.at(0) == Approx(0.7));
  CHECK(bars.series.at(1).intervals.at(0).low == Approx(0.6042).margin(1e-4));
  const EvaluationReport even = Answers({"a", "b", "c"}).add(0, 0, 50).add(1, 1, 50).report();
  const Insight equal = per_class_metrics(even);
  CHECK_THAT(equal.sentence,
             ContainsSubstring("Both tested classes have the same F1 score, 1.00; 1 of 3 "
                               "classes has no test images."));
  CHECK_THAT(equal.sentence, ContainsSubstring("Each tested class is predicted about as often"));
  const auto sentence = [](const Answers& given) {
    return per_class_metrics(given.report()).sentence;
  };
  CHECK_THAT(sentence(Answers({"a", "b"}).add(0, 0, 50).add(1, 1, 50)),
             ContainsSubstring("All classes have the same F1 score, 1.00. Every class is"));
  CHECK_THAT(sentence(Answers({"a", "b", "c"}).add(0, 0, 50).add(1, 1, 40).add(1, 0, 10)),
             ContainsSubstring("); 1 of 3 classes has no test images. "));
  CHECK(std::isnan(std::get<Bars>(equal.chart.panels.at(0)).series.at(0).values.at(2)));
}

TEST_CASE("reliability states overconfidence and the largest gap and the effect of calibration",
          "[server][charts]") {
  Answers answers({"a", "b"});
  answers.add(0, 0, 60, 0.9f).add(0, 1, 40, 0.9f).add(1, 1, 100, 0.6f);
  EvaluationReport report = answers.report();
  report.ece_uncalibrated = 0.5;
  Insight insight = reliability(report);
  CHECK_THAT(insight.sentence,
             ContainsSubstring("confidence is 75 % and the accuracy 80 %: the model "
                               "is underconfident by 5.0 percentage points"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("of 100 predictions with a confidence of about 60 %, 100 % are "
                               "correct"));
  CHECK_THAT(insight.sentence, ContainsSubstring("50.0 without temperature scaling"));
  const auto& curve = std::get<Curves>(insight.chart.panels.at(0)).curves.at(0);
  REQUIRE(curve.points.size() == 2);
  REQUIRE(curve.intervals.size() == 2);
  CHECK(curve.intervals[1].low == Approx(0.5020).margin(1e-4));  // Wilson, 60 of 100
  CHECK(curve.points[1].x == Approx(0.9).margin(1e-6));
  CHECK(curve.points[1].y == Approx(0.6));
  CHECK(std::get<Histogram>(insight.chart.panels.at(1)).bins.size() == 15);
  // Mean confidence and accuracy are 80 % in both cases; in the second two errors cancel out.
  const auto sentence = [](const Answers& given) { return reliability(given.report()).sentence; };
  CHECK_THAT(sentence(Answers({"a", "b"}).add(0, 0, 80, 0.8f).add(0, 1, 20, 0.8f)),
             ContainsSubstring("well calibrated. The expected calibration error"));
  CHECK_THAT(
      sentence(Answers({"a", "b"}).add(0, 0, 50, 0.7f).add(0, 0, 30, 0.9f).add(0, 1, 20, 0.9f)),
      ContainsSubstring("not at every level of confidence. The largest gap: of 50 predictions"));
  CHECK_THAT(sentence(Answers({"a", "b"}).add(0, 0, 8, 1.0f).add(1, 1, 8, 1.0f)),
             ContainsSubstring("95 % interval 80.6 % to 100 %): too few images to say whether the "
                               "model is calibrated") &&
                 ContainsSubstring("(ECE) is 0.0 points (95 % interval 0.0 to 1"));
  insight = reliability(answers.add(0, 1, 100, 0.95f).report());
  CHECK_THAT(insight.sentence, ContainsSubstring("overconfident by"));
  CHECK_THAT(insight.sentence, !ContainsSubstring("without temperature scaling"));
}

TEST_CASE("bins with few predictions are ignored with a note", "[server][charts]") {
  const auto sentence = [](const Answers& given) { return reliability(given.report()).sentence; };
  Answers answers({"a", "b"});
  answers.add(0, 0, 80, 0.9f).add(0, 1, 20, 0.9f).add(1, 0, 3, 0.6f).add(1, 0, 2, 0.7f);
  CHECK_THAT(sentence(answers),
             ContainsSubstring("The largest gap: of 100 predictions with a confidence of about 90 "
                               "%, 80 % are correct. 2 bins with fewer than 10 predictions (5 in "
                               "total), with a gap of up to 70.0 points, are ignored as "
                               "unreliable."));
  CHECK_THAT(sentence(answers.add(1, 0, 20, 0.6f)), ContainsSubstring("1 bin with fewer than 10"));
  CHECK_THAT(sentence(answers.add(1, 0, 20, 0.7f)), !ContainsSubstring("ignored as unreliable"));
}

TEST_CASE("an evaluation on few images has a caveat", "[server][charts]") {
  CHECK_THAT(
      small_sample_caveat(Answers({"a", "b"}).add(0, 0, 8).add(1, 0, 2).report()),
      ContainsSubstring("Only 10 images: the 95 % confidence interval of the accuracy is 49"));
  Answers answers({"a", "b", "c"});
  answers.add(0, 0, 100).add(1, 1, 5);
  CHECK(small_sample_caveat(answers.report()) ==
        "b has fewer than 20 test images: its metrics are unreliable. c has no test images.");
  CHECK(small_sample_caveat(answers.add(1, 1, 50).report()) == "c has no test images.");
  CHECK(small_sample_caveat(answers.add(2, 2, 50).report()).empty());
}

std::vector<TrainedEpoch> epochs(std::vector<double> training, std::vector<double> validation) {
  std::vector<TrainedEpoch> list;
  for (std::size_t i = 0; i < training.size(); ++i) {
    list.push_back({double(i + 1), 1 - training[i], training[i], 1 - validation[i], validation[i]});
  }
  return list;
}

TEST_CASE("training curves name the best epoch and detect overfitting", "[server][charts]") {
  const Insight insight = training_curves(epochs({0.5, 0.7, 0.99}, {0.4, 0.8, 0.7}));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("is 40 % in epoch 1 and 70 % in epoch 3; the best is 80 % in epoch "
                               "2"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("29.0 percentage points higher, a sign of overfitting"));
  CHECK(insight.chart.panels.size() == 2);
  CHECK(insight.chart.side_by_side);
  CHECK_THAT(training_curves(epochs({0.5, 0.7}, {0.4, 0.8})).sentence,
             ContainsSubstring("and 80 % in epoch 2, the best."));
  CHECK_THAT(training_curves(epochs({0.5, 0.79}, {0.4, 0.8})).sentence,
             ContainsSubstring("differs by 1.0 percentage points"));
  CHECK_THAT(training_curves(epochs({0.5}, {0.4})).sentence,
             ContainsSubstring("40 % in the only epoch"));
  CHECK_THAT(training_curves(epochs({0.5, 0.8, 0.9, 0.9, 0.9}, {0.5, 0.8, 0.7, 0.7, 0.7})).sentence,
             ContainsSubstring("loss is lowest in epoch 2 (0.200) and rises to 0.300"));
}

TEST_CASE("training curves without validation data have a caveat", "[server][charts]") {
  std::vector<TrainedEpoch> list = epochs({0.5, 0.9}, {0, 0});
  for (TrainedEpoch& epoch : list) epoch.val_loss = epoch.val_accuracy = std::nan("");
  const Insight insight = training_curves(list);
  CHECK_THAT(insight.sentence, ContainsSubstring("The training accuracy is 50 % in epoch 1"));
  CHECK_THAT(insight.caveat, ContainsSubstring("Without validation images"));
  CHECK(std::get<Curves>(insight.chart.panels.at(0)).curves.size() == 1);
  CHECK(training_curves({}).chart.panels.empty());
}

}  // namespace
}  // namespace fovea::tests
