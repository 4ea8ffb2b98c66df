#pragma once

#include <string>
#include <vector>

#include "engine/eval/evaluation_report.h"

// Evaluations of answers that are put together by hand: measured by the engine, as real ones are.
namespace fovea::tests {

class Answers {
 public:
  explicit Answers(std::vector<std::string> classes) : classes_(std::move(classes)) {}

  // `count` images of class `truth` answered with `answer`, so sure; the rest is shared.
  Answers& add(int truth, int answer, int count, float sure = 0.8f) {
    for (int i = 0; i < count; ++i) {
      labels_.push_back(truth);
      answers_.push_back(answer);
      sure_.push_back(sure);
    }
    return *this;
  }

  EvaluationReport report() const {
    const int n = static_cast<int>(labels_.size()), c = static_cast<int>(classes_.size());
    Tensor table({n, 1, 1, c});
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < c; ++k) {
        const float sure = sure_[std::size_t(i)];
        table.image(i)[k] =
            k == answers_[std::size_t(i)] ? sure : (1 - sure) / float(c > 1 ? c - 1 : 1);
      }
    }
    EvaluationReport report;
    report.weights_sha256 = std::string(64, 'a');
    report.data = "shapes";
    report.data_revision = "r1";
    report.split = "test";
    report.classes = classes_;
    report.metrics = compute_metrics(table, labels_);
    report.ece_uncalibrated = report.metrics.ece;
    for (int k = 0; k < c; ++k) report.curves.push_back(class_curves(table, labels_, k));
    for (const Mistake& mistake : worst_mistakes(table, labels_)) {
      report.mistakes.push_back(
          {image_name(mistake.image), mistake.truth, mistake.predicted, mistake.probability});
    }
    return report;
  }

  static std::string image_name(int number) {
    std::string name = std::to_string(number);
    return std::string(64 - name.size(), '0') + name;
  }

 private:
  std::vector<std::string> classes_;
  std::vector<int> labels_, answers_;
  std::vector<float> sure_;
};

// One class of a dataset whose pixels all have the grey value in the middle of this bin.
inline ClassStatistics class_statistics(const std::string& name, std::int64_t train,
                                        std::int64_t val, std::int64_t test, int grey_bin = 16) {
  ClassStatistics mine;
  mine.name = name;
  mine.splits = {train, val, test};
  mine.measured = train + val + test;
  mine.mean = {100, 100, 100};
  mine.intensity[std::size_t(grey_bin)] = 1;
  for (auto& channel : mine.rgb) channel[6] = 1;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(mine.measured, 8); ++i) {
    mine.samples.push_back(Answers::image_name(static_cast<int>(1000 + i)));
  }
  return mine;
}

inline DataStatistics data_statistics(std::vector<ClassStatistics> classes) {
  DataStatistics data;
  for (const ClassStatistics& mine : classes) {
    data.images += mine.splits[0] + mine.splits[1] + mine.splits[2];
  }
  data.classes = std::move(classes);
  data.sizes = {{32, 32, data.images}};
  return data;
}

}  // namespace fovea::tests
