#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/eval/evaluate.h"
#include "engine/eval/metrics.h"
#include "engine/model/classifier.h"
#include "engine/model/fold.h"
#include "engine/model/model_file.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model, data, data_dir, split = "test";
  int threads = 0;
  bool json = false;
};

struct Report {
  std::string model, sha256, data, revision, split;
  std::vector<std::string> classes;
  float temperature = 1;
  Metrics metrics;
  double ece_uncalibrated = 0;
};

Split parse_split(const std::string& text) {
  return text == "train" ? Split::train : text == "val" ? Split::val : Split::test;
}

// Renumbers the set's labels as the model numbers its classes. A class that the model does not know
// cannot be answered, so that is an error; a class without pictures here is only without support.
void match_classes(TrainingSet& set, const std::vector<std::string>& classes) {
  std::vector<int> index;
  std::string unknown;
  for (const std::string& name : set.classes) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) unknown += (unknown.empty() ? "" : ", ") + name;
    index.push_back(static_cast<int>(found - classes.begin()));
  }
  if (!unknown.empty()) {
    std::string known;
    for (const std::string& name : classes) known += (known.empty() ? "" : ", ") + name;
    throw std::runtime_error("the dataset has classes that the model does not know: " + unknown +
                             " (the model knows: " + known + ")");
  }
  for (int& label : set.labels) label = index[static_cast<std::size_t>(label)];
}

Report evaluate(const Options& options) {
  const ModelFile file = read_model_argument(options.model);
  const Model model = read_model(file.bytes);
  const auto folder =
      options.data_dir.empty() ? default_data_dir() : std::filesystem::path(options.data_dir);
  const Dataset dataset = Dataset::open(dataset_folder(folder, options.data));
  TrainingSet set = load_training_set(dataset, {parse_split(options.split)}, model.preprocess.size,
                                      model.preprocess.fit, model.preprocess.mean);
  if (set.count() == 0) {
    throw std::runtime_error("dataset " + options.data + " has no pictures in its split " +
                             options.split);
  }
  match_classes(set, model.classes);
  const int threads = options.threads > 0 ? options.threads : available_threads();
  // Folded as the classifier folds it, so that these are the numbers of its answers.
  const Network network = fold_batch_norm(model.network);
  Tensor logits = evaluate_logits(network, model.preprocess, set, threads);
  Report report{file.path.string(),
                weights_sha256(file.bytes),
                options.data,
                dataset.revision(),
                options.split,
                model.classes,
                model.temperature,
                {},
                0};
  Tensor probabilities;
  softmax(logits, 1, probabilities);
  report.ece_uncalibrated = compute_metrics(probabilities, set.labels).ece;
  softmax(logits, model.temperature, probabilities);
  report.metrics = compute_metrics(probabilities, set.labels);
  return report;
}

void print_json(const Report& report) {
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
  // Numbers that do not exist (an area without pictures) become null.
  std::printf("%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

std::string number(double value) {
  if (std::isnan(value)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

void print_classes(const Report& report, int width) {
  const Metrics& m = report.metrics;
  std::printf("\n%-*s  precision    recall        f1   ROC-AUC    PR-AUC  pictures\n", width,
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

void print_confusion(const Report& report, int width) {
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

void print_text(const Report& report) {
  const Metrics& m = report.metrics;
  std::printf("%s on %s of %s, %lld pictures\n\n", report.model.c_str(), report.split.c_str(),
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

void add_eval(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("eval", "Measure a model on a dataset");
  const auto options = std::make_shared<Options>();
  verb->add_option("model", options->model, kModelHelp)->required();
  verb->add_option("--data", options->data, "Name of the dataset")->required();
  verb->add_option("--data-dir", options->data_dir, "Where datasets are kept");
  verb->add_option("--split", options->split, "Which pictures (default: test)")
      ->check(CLI::IsMember({"test", "val", "train"}));
  verb->add_option("--threads", options->threads,
                   "Threads (default: all that this process may use)")
      ->check(CLI::Range(1, 1024));
  verb->add_flag("--json", options->json, "One JSON object");
  verb->callback([options] {
    const Report report = evaluate(*options);
    options->json ? print_json(report) : print_text(report);
  });
}

}  // namespace fovea::tools
