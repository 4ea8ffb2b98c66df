#include <cmath>

#include "server/charts/insight.h"
#include "tests/support/catch.h"
#include "tests/support/evaluations.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

// 100 cats of which 30 are taken for dogs, 100 dogs of which 4 are taken for cats, 100 owls.
Answers animals() {
  Answers answers({"cat", "dog", "owl"});
  answers.add(0, 0, 70).add(0, 1, 30, 0.7f).add(1, 1, 96, 0.9f).add(1, 0, 4, 0.6f);
  return answers.add(2, 2, 100, 0.95f);
}

TEST_CASE("the confusion matrix names the most frequent mistake and both directions of it") {
  const Insight insight = confusion_matrix(animals().report());
  CHECK_THAT(insight.sentence, ContainsSubstring("88.7 % of 300 images lie on the diagonal"));
  CHECK_THAT(insight.sentence, ContainsSubstring("cat taken for dog, 30 of 100 (30 %); the other "
                                                 "way round 4 times"));
  CHECK_THAT(insight.sentence, ContainsSubstring("best is owl (100 %), worst cat (70 %)"));
  const auto& map = std::get<HeatMap>(insight.chart.panels.at(0));
  CHECK(map.values == std::vector<std::vector<double>>{{70, 30, 0}, {4, 96, 0}, {0, 0, 100}});
  // Other mistakes, another sentence.
  const Insight other = confusion_matrix(animals().add(2, 0, 50).report());
  CHECK_THAT(other.sentence, ContainsSubstring("owl taken for cat, 50 of 150 (33.3 %); the other "
                                               "way round never"));
  CHECK_THAT(other.sentence, !ContainsSubstring("best is owl"));
}

TEST_CASE("the confusion matrix finds the most one-sided pair beside the most frequent one") {
  Answers answers({"cat", "dog", "owl"});
  answers.add(0, 0, 50).add(0, 1, 20).add(1, 1, 50).add(1, 0, 19).add(2, 2, 50).add(2, 0, 15);
  CHECK_THAT(confusion_matrix(answers.report()).sentence,
             ContainsSubstring("most one-sided: owl taken for cat 15 times, the reverse never"));
}

TEST_CASE("a model without mistakes is said to be one") {
  const EvaluationReport report = Answers({"a", "b"}).add(0, 0, 60).add(1, 1, 60).report();
  CHECK(confusion_matrix(report).sentence == "All 120 images are answered correctly.");
  const Insight mistakes = worst_mistakes(report);
  CHECK(mistakes.sentence == "No mistakes among 120 images.");
  CHECK(mistakes.chart.panels.empty());
  CHECK_THAT(pr(report).sentence, ContainsSubstring("without a wrong image among them"));
}

TEST_CASE("the surest mistakes name the surest, the most frequent kind, and what draws them") {
  const Insight insight = worst_mistakes(animals().add(2, 0, 1, 0.99f).report());
  CHECK_THAT(insight.sentence, ContainsSubstring("owl taken for cat with 99 %"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("Among the 35 surest, cat taken for dog is the most frequent (30)"));
  CHECK_THAT(insight.sentence, ContainsSubstring("30 of them were taken for dog"));
  const auto& images = std::get<ImageGrid>(insight.chart.panels.at(0)).groups.at(0).images;
  CHECK(images.size() == 35);
  CHECK(images[0].sha256 == Answers::image_name(300));
  CHECK(images[0].label == "owl");
  CHECK(images[0].answer == "cat");
  const auto& bars = std::get<Bars>(insight.chart.panels.at(1));
  CHECK(bars.categories.at(0) == "cat as dog");
  CHECK(bars.series.at(0).values.at(0) == 30);
}

TEST_CASE("mistakes that are known by their features only are counted, and said not to be shown") {
  EvaluationReport report = animals().report();
  report.mistakes.clear();
  Insight insight = worst_mistakes(report);
  CHECK(insight.sentence ==
        "34 of 300 answers are wrong, but none of them is kept as an image: the evaluation knows "
        "those images by their features only.");
  CHECK(insight.chart.panels.empty());
  report = animals().report();
  REQUIRE(report.mistakes.size() == 34);
  CHECK(worst_mistakes(report).caveat.empty());
  report.mistakes = {{"a", 0, 1, 0.9}, {"b", 1, 0, 0.8}};
  insight = worst_mistakes(report);
  CHECK_THAT(insight.sentence, ContainsSubstring("34 of 300 answers are wrong. The surest"));
  CHECK_THAT(insight.sentence, ContainsSubstring("No two of the 2 shown are of the same kind."));
  CHECK_THAT(insight.caveat, ContainsSubstring("Only 2 of the surest mistakes are kept as images"
                                               "; the evaluation knows the others by their"));
  // An evaluation keeps 50 at most: that is no lack.
  CHECK(worst_mistakes(animals().add(2, 0, 100).report()).caveat.empty());
}

TEST_CASE("ROC and precision-recall curves name the best and the worst class and what it costs") {
  const EvaluationReport report = animals().report();
  const Insight insight = roc(report);
  CHECK_THAT(insight.sentence, ContainsSubstring("highest for owl (1.000) and lowest for cat"));
  CHECK_THAT(insight.sentence, ContainsSubstring("gets the higher cat probability"));
  const auto& lines = std::get<Lines>(insight.chart.panels.at(0)).lines;
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].highlighted);
  CHECK_FALSE(lines[1].highlighted);
  CHECK(lines[3].reference);
  CHECK_THAT(pr(report).sentence, ContainsSubstring("Whoever wants to find 90 % of the images of "
                                                    "cat has to accept"));
  // 70 of 100 cats are found before the first other image; the owls make others the worst.
  const EvaluationReport owls = animals().add(2, 1, 200, 0.99f).report();
  CHECK_THAT(roc(owls).sentence, !ContainsSubstring("highest for owl"));
}

TEST_CASE("a share of false alarms is read off the curve") {
  Answers answers({"yes", "no"});
  // Of 100 "no", one is answered with "yes" surer than any "yes": at 1 % false alarms all are
  // found.
  answers.add(0, 0, 50, 0.8f).add(1, 0, 1, 0.9f).add(1, 1, 99, 0.9f);
  CHECK_THAT(roc(answers.report()).sentence,
             ContainsSubstring("At one false alarm in 100, 100 % of the images of"));
}

TEST_CASE("classes without images have no curve, and one class alone is not separated") {
  const EvaluationReport report = Answers({"a", "b", "c"}).add(0, 0, 9).add(1, 1, 9).report();
  CHECK(std::get<Lines>(roc(report).chart.panels.at(0)).lines.size() == 3);  // a, b, guessing
  const EvaluationReport alone = Answers({"a", "b"}).add(0, 0, 9).report();
  CHECK(roc(alone).chart.panels.empty());
  CHECK_THAT(roc(alone).sentence, ContainsSubstring("all of one class"));
}

TEST_CASE("per-class metrics name the worst class, why, and who is answered too often") {
  const Insight insight = per_class_metrics(animals().report());
  CHECK_THAT(insight.sentence, ContainsSubstring("Known worst is cat (F1 0.80: 70 % of its "
                                                 "images are found, 94.6 % of such answers"));
  CHECK_THAT(insight.sentence, ContainsSubstring("best owl (F1 1.00)"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("cat is answered too rarely: 74 times for 100 images"));
  const auto& bars = std::get<Bars>(insight.chart.panels.at(0));
  CHECK(bars.series.at(1).values.at(0) == Approx(0.7));
  const EvaluationReport even = Answers({"a", "b", "c"}).add(0, 0, 50).add(1, 1, 50).report();
  const Insight equal = per_class_metrics(even);
  CHECK_THAT(equal.sentence, ContainsSubstring("Both tested classes are known equally well, F1 "
                                               "1.00; 1 of 3 classes had no test image."));
  CHECK_THAT(equal.sentence, ContainsSubstring("Each of them is answered about as often"));
  const auto sentence = [](const Answers& given) {
    return per_class_metrics(given.report()).sentence;
  };
  CHECK_THAT(sentence(Answers({"a", "b"}).add(0, 0, 50).add(1, 1, 50)),
             ContainsSubstring("All classes are known equally well, F1 1.00. Every class is"));
  CHECK_THAT(sentence(Answers({"a", "b", "c"}).add(0, 0, 50).add(1, 1, 40).add(1, 0, 10)),
             ContainsSubstring("); 1 of 3 classes had no test image. "));
  CHECK(std::isnan(std::get<Bars>(equal.chart.panels.at(0)).series.at(0).values.at(2)));
}

TEST_CASE("reliability says whether the model is too sure, where most, and what calibration did") {
  Answers answers({"a", "b"});
  answers.add(0, 0, 60, 0.9f).add(0, 1, 40, 0.9f).add(1, 1, 100, 0.6f);
  EvaluationReport report = answers.report();
  report.ece_uncalibrated = 0.5;
  Insight insight = reliability(report);
  CHECK_THAT(insight.sentence, ContainsSubstring("75 % sure and right in 80 % of cases: too modest "
                                                 "by 5.0 points"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("of 100 answers given with about 60 %, 100 % are right"));
  CHECK_THAT(insight.sentence, ContainsSubstring("50.0 without the calibration"));
  const auto& line = std::get<Lines>(insight.chart.panels.at(0)).lines.at(0);
  REQUIRE(line.points.size() == 2);
  CHECK(line.points[1].x == Approx(0.9).margin(1e-6));
  CHECK(line.points[1].y == Approx(0.6));
  CHECK(std::get<Histogram>(insight.chart.panels.at(1)).bins.size() == 15);
  // 80 % sure and right on average: once in truth, once by two errors.
  const auto sentence = [](const Answers& given) { return reliability(given.report()).sentence; };
  CHECK_THAT(sentence(Answers({"a", "b"}).add(0, 0, 80, 0.8f).add(0, 1, 20, 0.8f)),
             ContainsSubstring("can be taken at its word. The mean gap"));
  CHECK_THAT(
      sentence(Answers({"a", "b"}).add(0, 0, 50, 0.7f).add(0, 0, 30, 0.9f).add(0, 1, 20, 0.9f)),
      ContainsSubstring("not at each level of confidence. The largest gap: of 50 answers"));
  insight = reliability(answers.add(0, 1, 100, 0.95f).report());
  CHECK_THAT(insight.sentence, ContainsSubstring("too sure by"));
  CHECK_THAT(insight.sentence, !ContainsSubstring("without the calibration"));
}

TEST_CASE("dots of few answers are left out of the largest gap, and that is said") {
  const auto sentence = [](const Answers& given) { return reliability(given.report()).sentence; };
  Answers answers({"a", "b"});
  answers.add(0, 0, 80, 0.9f).add(0, 1, 20, 0.9f).add(1, 0, 3, 0.6f).add(1, 0, 2, 0.7f);
  CHECK_THAT(sentence(answers),
             ContainsSubstring("The largest gap: of 100 answers given with about 90 %, 80 % are "
                               "right. 2 dots of fewer than 10 answers (5 in all), up to 70.0 "
                               "points off, are left out here: chance moves them."));
  CHECK_THAT(sentence(answers.add(1, 0, 20, 0.6f)), ContainsSubstring("1 dot of fewer than 10"));
  CHECK_THAT(sentence(answers.add(1, 0, 20, 0.7f)), !ContainsSubstring("left out here"));
}

TEST_CASE("an evaluation on few images says how little it proves") {
  CHECK_THAT(thin_evaluation(Answers({"a", "b"}).add(0, 0, 8).add(1, 0, 2).report()),
             ContainsSubstring("Only 10 images: the accuracy of 80 % may in truth be anything "
                               "from 49"));
  Answers answers({"a", "b", "c"});
  answers.add(0, 0, 100).add(1, 1, 5);
  CHECK(thin_evaluation(answers.report()) ==
        "Fewer than 20 images of b: chance plays a part there. No images of c were tested.");
  CHECK(thin_evaluation(answers.add(1, 1, 50).report()) == "No images of c were tested.");
  CHECK(thin_evaluation(answers.add(2, 2, 50).report()).empty());
}

std::vector<TrainedEpoch> epochs(std::vector<double> training, std::vector<double> validation) {
  std::vector<TrainedEpoch> list;
  for (std::size_t i = 0; i < training.size(); ++i) {
    list.push_back({double(i + 1), 1 - training[i], training[i], 1 - validation[i], validation[i]});
  }
  return list;
}

TEST_CASE("training curves name the best epoch and say whether it learnt by heart") {
  const Insight insight = training_curves(epochs({0.5, 0.7, 0.99}, {0.4, 0.8, 0.7}));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("from 40 % in epoch 1 to 70 % in epoch 3; the best "
                               "was 80 % in epoch 2"));
  CHECK_THAT(insight.sentence, ContainsSubstring("29.0 points better on the images it trains on"));
  CHECK(insight.chart.panels.size() == 2);
  CHECK(insight.chart.side_by_side);
  CHECK_THAT(training_curves(epochs({0.5, 0.7}, {0.4, 0.8})).sentence,
             ContainsSubstring("to 80 % in epoch 2, the best."));
  CHECK_THAT(training_curves(epochs({0.5, 0.79}, {0.4, 0.8})).sentence,
             ContainsSubstring("1.0 points apart"));
  CHECK_THAT(training_curves(epochs({0.5}, {0.4})).sentence,
             ContainsSubstring("40 % in the only epoch"));
  CHECK_THAT(training_curves(epochs({0.5, 0.8, 0.9, 0.9, 0.9}, {0.5, 0.8, 0.7, 0.7, 0.7})).sentence,
             ContainsSubstring("loss was lowest in epoch 2 (0.200) and has risen to 0.300"));
}

TEST_CASE("training curves without validation say so, and without anything there is none") {
  std::vector<TrainedEpoch> list = epochs({0.5, 0.9}, {0, 0});
  for (TrainedEpoch& epoch : list) epoch.val_loss = epoch.val_accuracy = std::nan("");
  const Insight insight = training_curves(list);
  CHECK_THAT(insight.sentence, ContainsSubstring("Training accuracy went from 50 %"));
  CHECK_THAT(insight.caveat, ContainsSubstring("Without validation images"));
  CHECK(std::get<Lines>(insight.chart.panels.at(0)).lines.size() == 1);
  CHECK(training_curves({}).chart.panels.empty());
}

}  // namespace
}  // namespace fovea::tests
