#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "tools/fovea/evaluation.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model;
  EvaluationRequest request;
  bool json = false;
};

void print_json(const Evaluation& report) {
  const Metrics& m = report.metrics;
  Json json{{"model", report.model},
            {"weights_sha256", report.sha256},
            {"data", report.data},
            {"data_revision", report.revision},
            {"split", report.split},
            {"count", m.count},
            {"accuracy", m.accuracy},
            {"accuracy_interval", {m.accuracy_low, m.accuracy_high}},
            {"macro_precision", m.macro.precision},
            {"macro_recall", m.macro.recall},
            {"macro_f1", m.macro.f1},
            {"weighted_precision", m.weighted.precision},
            {"weighted_recall", m.weighted.recall},
            {"weighted_f1", m.weighted.f1},
            {"roc_auc_ovr_macro", m.roc_auc_macro},
            {"pr_auc_ovr_macro", m.pr_auc_macro},
            {"log_loss", m.log_loss},
            {"brier", m.brier},
            {"temperature", double{report.temperature}},
            {"ece", m.ece},
            {"ece_uncalibrated", report.ece_uncalibrated},
            {"confusion_matrix", m.confusion}};
  json["per_class"] = Json::array();
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& mine = m.per_class[c];
    json["per_class"].push_back({{"name", report.classes[c]},
                                 {"support", mine.support},
                                 {"predicted", mine.predicted},
                                 {"precision", mine.precision},
                                 {"recall", mine.recall},
                                 {"f1", mine.f1},
                                 {"roc_auc", mine.roc_auc},
                                 {"pr_auc", mine.pr_auc}});
  }
  json["reliability"] = Json::array();
  for (const ReliabilityBin& bin : m.reliability) {
    json["reliability"].push_back({{"low", bin.low},
                                   {"high", bin.high},
                                   {"count", bin.count},
                                   {"confidence", bin.confidence},
                                   {"accuracy", bin.accuracy}});
  }
  // Numbers that do not exist (an area without images) become null.
  std::printf("%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

std::string number(double value) {
  if (std::isnan(value)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

void print_classes(const Evaluation& report, int width) {
  const Metrics& m = report.metrics;
  std::printf("\n%-*s  precision    recall        f1   ROC-AUC    PR-AUC  images\n", width,
              "class");
  const auto row = [&](const std::string& name, double precision, double recall, double f1,
                       double roc, double pr, std::int64_t support) {
    std::printf("%-*s  %9s %9s %9s %9s %9s  %8lld\n", width, name.c_str(),
                number(precision).c_str(), number(recall).c_str(), number(f1).c_str(),
                number(roc).c_str(), number(pr).c_str(), static_cast<long long>(support));
  };
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& mine = m.per_class[c];
    row(report.classes[c], mine.precision, mine.recall, mine.f1, mine.roc_auc, mine.pr_auc,
        mine.support);
  }
  row("macro", m.macro.precision, m.macro.recall, m.macro.f1, m.roc_auc_macro, m.pr_auc_macro,
      m.count);
  row("weighted", m.weighted.precision, m.weighted.recall, m.weighted.f1, std::nan(""),
      std::nan(""), m.count);
}

void print_confusion(const Evaluation& report, int width) {
  std::printf("\nconfusion matrix: rows are the true class, columns the answer\n%-*s", width, "");
  std::int64_t largest = static_cast<std::int64_t>(report.classes.size());
  for (const auto& row : report.metrics.confusion) {
    for (const std::int64_t count : row) largest = std::max(largest, count);
  }
  const int cell = static_cast<int>(std::to_string(largest).size()) + 2;
  for (std::size_t c = 0; c < report.classes.size(); ++c) std::printf("%*zu", cell, c);
  std::printf("\n");
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    std::printf("%-*s", width, (std::to_string(c) + " " + report.classes[c]).c_str());
    for (const std::int64_t count : report.metrics.confusion[c]) {
      std::printf("%*lld", cell, static_cast<long long>(count));
    }
    std::printf("\n");
  }
}

void print_text(const Evaluation& report) {
  const Metrics& m = report.metrics;
  std::printf("%s on %s of %s, %lld images\n\n", report.model.c_str(), report.split.c_str(),
              report.data.c_str(), static_cast<long long>(m.count));
  std::printf("accuracy        %6.2f %%  (95 %% interval %.2f to %.2f)\n", 100 * m.accuracy,
              100 * m.accuracy_low, 100 * m.accuracy_high);
  std::printf("log loss        %s\n", number(m.log_loss).c_str());
  std::printf("Brier score     %s  (sum over classes, 0 to 2)\n", number(m.brier).c_str());
  std::printf("ECE             %s  (15 bins; %s before temperature %.4g)\n", number(m.ece).c_str(),
              number(report.ece_uncalibrated).c_str(), report.temperature);
  std::size_t width = 8;
  for (const std::string& name : report.classes) width = std::max(width, name.size());
  const int name_width = static_cast<int>(width + std::to_string(report.classes.size()).size() + 1);
  print_classes(report, name_width);
  print_confusion(report, name_width);
}

}  // namespace

void add_eval(Verb& program) {
  Verb verb = program.verb("eval", "Measure a model on a dataset");
  const auto options = std::make_shared<Options>();
  verb.option("model", options->model, kModelHelp).required();
  add_evaluation_options(verb, options->request);
  verb.flag("--json", options->json, "One JSON object");
  verb.action([options] {
    const Evaluation report = evaluate(read_model_argument(options->model), options->request);
    options->json ? print_json(report) : print_text(report);
  });
}

}  // namespace fovea::tools
