#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/report/interval_json.h"
#include "server/text/words.h"
#include "tools/fovea/evaluation.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

struct EvalOptions {
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
            {"accuracy_interval", m.accuracy_interval},
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
            {"ece_interval", m.ece_interval},
            {"ece_uncalibrated", report.ece_uncalibrated},
            {"confusion_matrix", m.confusion}};
  json["per_class"] = Json::array();
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& metrics = m.per_class[c];
    json["per_class"].push_back({{"name", report.classes[c]},
                                 {"support", metrics.support},
                                 {"predicted", metrics.predicted},
                                 {"precision", metrics.precision},
                                 {"precision_interval", metrics.precision_interval},
                                 {"recall", metrics.recall},
                                 {"recall_interval", metrics.recall_interval},
                                 {"f1", metrics.f1},
                                 {"roc_auc", metrics.roc_auc},
                                 {"pr_auc", metrics.pr_auc}});
  }
  json["reliability"] = Json::array();
  for (const ReliabilityBin& bin : m.reliability) {
    json["reliability"].push_back({{"low", bin.low},
                                   {"high", bin.high},
                                   {"count", bin.count},
                                   {"confidence", bin.confidence},
                                   {"accuracy", bin.accuracy}});
  }
  // NaN, such as an area without images, becomes null.
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string number(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.4f}", value);
}

void print_classes(const Evaluation& report, std::size_t width) {
  const Metrics& m = report.metrics;
  fmt::print(
      "\n{:<{}}  precision    recall  95 % interval          f1   ROC-AUC    PR-AUC    images\n",
      "class", width);
  const auto row = [&](const std::string& name, double precision, double recall,
                       const std::string& interval, double f1, double roc, double pr,
                       std::int64_t support) {
    fmt::print("{:<{}}  {:>9} {:>9}  {:<16} {:>9} {:>9} {:>9}  {:>8}\n", name, width,
               number(precision), number(recall), interval, number(f1), number(roc), number(pr),
               support);
  };
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& metrics = m.per_class[c];
    row(report.classes[c], metrics.precision, metrics.recall,
        number(metrics.recall_interval.low) + " to " + number(metrics.recall_interval.high),
        metrics.f1, metrics.roc_auc, metrics.pr_auc, metrics.support);
  }
  row("macro", m.macro.precision, m.macro.recall, "", m.macro.f1, m.roc_auc_macro, m.pr_auc_macro,
      m.count);
  row("weighted", m.weighted.precision, m.weighted.recall, "", m.weighted.f1, std::nan(""),
      std::nan(""), m.count);
}

void print_confusion(const Evaluation& report, std::size_t width) {
  const auto& confusion = report.metrics.confusion;
  fmt::print("\nconfusion matrix: rows are true classes, columns predicted classes\n{:<{}}", "",
             width);
  auto largest = static_cast<std::int64_t>(report.classes.size());
  for (const auto& row : confusion) {
    for (const std::int64_t count : row) largest = std::max(largest, count);
  }
  const std::size_t cell = std::to_string(largest).size() + 2;
  for (std::size_t c = 0; c < report.classes.size(); ++c) fmt::print("{:>{}}", c, cell);
  fmt::print("\n");
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    fmt::print("{:<{}}", fmt::format("{} {}", c, report.classes[c]), width);
    for (const std::int64_t count : confusion[c]) fmt::print("{:>{}}", count, cell);
    fmt::print("\n");
  }
}

void print_text(const Evaluation& report) {
  const Metrics& m = report.metrics;
  fmt::print("{} on the {} split of {}, {}\n\n", report.model, report.split, report.data,
             server::counted(m.count, "image"));
  fmt::print("accuracy        {:6.2f} %  (95 % confidence interval {:.2f} to {:.2f})\n",
             100 * m.accuracy, 100 * m.accuracy_interval.low, 100 * m.accuracy_interval.high);
  fmt::print("log loss        {}\n", number(m.log_loss));
  fmt::print("Brier score     {}  (sum over classes, 0 to 2)\n", number(m.brier));
  fmt::print(
      "ECE             {}  (95 % interval {} to {}; 15 bins; {} before temperature scaling with "
      "{:.4g})\n",
      number(m.ece), number(m.ece_interval.low), number(m.ece_interval.high),
      number(report.ece_uncalibrated), report.temperature);
  std::size_t width = 8;
  for (const std::string& name : report.classes) width = std::max(width, name.size());
  width += std::to_string(report.classes.size()).size() + 1;  // "0 airplane"
  print_classes(report, width);
  print_confusion(report, width);
}

}  // namespace

void add_eval(Verb& program) {
  Verb verb = program.verb("eval", "Evaluate a model on a dataset");
  const auto options = std::make_shared<EvalOptions>();
  verb.option("model", options->model, kModelHelp).required();
  add_evaluation_options(verb, options->request).required();
  verb.flag("--json", options->json, "Print a JSON object");
  verb.action([options] {
    const Evaluation report = evaluate(read_model_argument(options->model), options->request);
    options->json ? print_json(report) : print_text(report);
  });
}

}  // namespace fovea::tools
