#include "engine/report/evaluation_json.h"

#include <limits>
#include <map>

#include "engine/core/error.h"
#include "engine/model/json.h"
#include "engine/report/json_numbers.h"

namespace fovea {
namespace {

// Writing.

Json metrics_json(const Metrics& m, double ece_uncalibrated) {
  return {{"accuracy", rounded(m.accuracy)},
          {"accuracy_interval", rounded(m.accuracy_interval)},
          {"macro_precision", rounded(m.macro.precision)},
          {"macro_recall", rounded(m.macro.recall)},
          {"macro_f1", rounded(m.macro.f1)},
          {"weighted_precision", rounded(m.weighted.precision)},
          {"weighted_recall", rounded(m.weighted.recall)},
          {"weighted_f1", rounded(m.weighted.f1)},
          {"roc_auc_ovr_macro", rounded(m.roc_auc_macro)},
          {"pr_auc_ovr_macro", rounded(m.pr_auc_macro)},
          {"log_loss", rounded(m.log_loss)},
          {"brier", rounded(m.brier)},
          {"ece", rounded(m.ece)},
          {"ece_interval", rounded(m.ece_interval)},
          {"ece_uncalibrated", rounded(ece_uncalibrated)}};
}

Json classes_json(const EvaluationReport& report) {
  Json list = Json::array();
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& metrics = report.metrics.per_class[c];
    list.push_back({{"name", report.classes[c]},
                    {"support", metrics.support},
                    {"predicted", metrics.predicted},
                    {"precision", rounded(metrics.precision)},
                    {"precision_interval", rounded(metrics.precision_interval)},
                    {"recall", rounded(metrics.recall)},
                    {"recall_interval", rounded(metrics.recall_interval)},
                    {"f1", rounded(metrics.f1)},
                    {"roc_auc", rounded(metrics.roc_auc)},
                    {"pr_auc", rounded(metrics.pr_auc)}});
  }
  return list;
}

Json curve_json(const std::string& name, double area, const std::vector<CurvePoint>& points) {
  Json list = Json::array();
  for (const CurvePoint& point : points) list.push_back({rounded(point.x), rounded(point.y)});
  return {{"class", name}, {"area", rounded(area)}, {"points", std::move(list)}};
}

Json reliability_json(const Metrics& metrics) {
  Json list = Json::array();
  for (const ReliabilityBin& bin : metrics.reliability) {
    list.push_back({{"low", rounded(bin.low)},
                    {"high", rounded(bin.high)},
                    {"count", bin.count},
                    {"confidence", rounded(bin.confidence)},
                    {"accuracy", rounded(bin.accuracy)}});
  }
  return list;
}

Json mistakes_json(const EvaluationReport& report) {
  Json list = Json::array();
  for (const ImageMistake& mistake : report.mistakes) {
    list.push_back({{"image", mistake.image},
                    {"true", report.classes[mistake.truth]},
                    {"predicted", report.classes[mistake.predicted]},
                    {"probability", rounded(mistake.probability)}});
  }
  return list;
}

// Reading.

void read_metrics(const JsonReader& json, EvaluationReport& report) {
  Metrics& m = report.metrics;
  m.accuracy = read_fraction(json.at("accuracy"));
  m.macro = {read_fraction(json.at("macro_precision")), read_fraction(json.at("macro_recall")),
             read_fraction(json.at("macro_f1"))};
  m.weighted = {read_fraction(json.at("weighted_precision")),
                read_fraction(json.at("weighted_recall")), read_fraction(json.at("weighted_f1"))};
  m.roc_auc_macro = read_fraction_or_nan(json.at("roc_auc_ovr_macro"));
  m.pr_auc_macro = read_fraction_or_nan(json.at("pr_auc_ovr_macro"));
  m.log_loss = read_number(json.at("log_loss"));
  m.brier = read_number(json.at("brier"));
  m.ece = read_fraction(json.at("ece"));
  report.ece_uncalibrated = read_fraction(json.at("ece_uncalibrated"));
}

void read_confusion(const JsonReader& json, std::size_t classes, Metrics& metrics) {
  for (const JsonReader& row : json.list_of(classes)) {
    metrics.confusion.emplace_back();
    for (const JsonReader& cell : row.list_of(classes))
      metrics.confusion.back().push_back(read_count(cell));
  }
}

ClassMetrics read_class(const JsonReader& json) {
  ClassMetrics metrics;
  metrics.support = read_count(json.at("support"));
  metrics.predicted = read_count(json.at("predicted"));
  metrics.precision = read_fraction(json.at("precision"));
  metrics.recall = read_fraction(json.at("recall"));
  metrics.f1 = read_fraction(json.at("f1"));
  metrics.roc_auc = read_fraction_or_nan(json.at("roc_auc"));
  metrics.pr_auc = read_fraction_or_nan(json.at("pr_auc"));
  return metrics;
}

std::vector<CurvePoint> read_points(const JsonReader& json) {
  std::vector<CurvePoint> points;
  for (const JsonReader& point : json.at("points").list()) {
    const auto pair = point.list_of(2);
    points.push_back({read_fraction(pair[0]), read_fraction(pair[1])});
    if (points.size() > 1 && points.back().x < points[points.size() - 2].x) {
      point.fail("decreases: x must not decrease");
    }
  }
  return points;
}

ReliabilityBin read_bin(const JsonReader& json) {
  return {read_fraction(json.at("low")), read_fraction(json.at("high")),
          read_count(json.at("count")), read_fraction(json.at("confidence")),
          read_fraction(json.at("accuracy"))};
}

std::vector<ImageMistake> read_mistakes(const JsonReader& json,
                                        const std::vector<std::string>& classes) {
  std::map<std::string, int> indices;
  for (int i = 0; i < int_size(classes); ++i) indices[classes[i]] = i;
  const auto class_index = [&](const JsonReader& name) {
    const auto found = indices.find(name.text());
    if (found == indices.end()) name.fail("is not one of the classes");
    return found->second;
  };
  std::vector<ImageMistake> mistakes;
  for (const JsonReader& entry : json.list()) {
    mistakes.push_back({entry.at("image").text(), class_index(entry.at("true")),
                        class_index(entry.at("predicted")),
                        read_fraction(entry.at("probability"))});
  }
  return mistakes;
}

std::vector<TrainedEpoch> read_epochs(const JsonReader& json) {
  std::vector<TrainedEpoch> epochs;
  for (const JsonReader& entry : json.list()) {
    const auto optional = [&](const char* key) {
      return entry.has(key) ? read_number_or_nan(entry.at(key))
                            : std::numeric_limits<double>::quiet_NaN();
    };
    epochs.push_back({read_number(entry.at("epoch")), optional("train_loss"),
                      optional("train_accuracy"), optional("val_loss"), optional("val_accuracy")});
  }
  return epochs;
}

void rename_key(Json& object, const char* from, const char* to) {
  if (!object.is_object() || !object.contains(from) || object.contains(to)) return;
  object[to] = std::move(object[from]);
  object.erase(from);
}

// Adds the intervals to a document of an earlier version, from its counts. An invalid one stays as
// it is: read_evaluation() reports it.
void add_intervals(Json& document) {
  const auto metrics = document.find("metrics");
  if (metrics == document.end() || metrics->contains("ece_interval")) return;
  try {
    const EvaluationReport report = read_evaluation(document).report;
    *metrics = metrics_json(report.metrics, report.ece_uncalibrated);
    document["per_class"] = classes_json(report);
  } catch (const FormatError&) {
    return;
  }
}

}  // namespace

Json evaluation_json(const EvaluationReport& report, const Json& training) {
  const Metrics& m = report.metrics;
  Json json{
      {"format", 1},
      {"model",
       {{"weights_sha256", report.weights_sha256}, {"temperature", rounded(report.temperature)}}},
      {"data",
       {{"name", report.data},
        {"revision", report.data_revision},
        {"split", report.split},
        {"count", m.count},
        {"left_out", report.left_out}}},
      {"classes", report.classes},
      {"metrics", metrics_json(m, report.ece_uncalibrated)},
      {"confusion", m.confusion},
      {"per_class", classes_json(report)}};
  json["roc"] = json["pr"] = Json::array();
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& metrics = m.per_class[c];
    json["roc"].push_back(curve_json(report.classes[c], metrics.roc_auc, report.curves[c].roc));
    json["pr"].push_back(curve_json(report.classes[c], metrics.pr_auc, report.curves[c].pr));
  }
  json["reliability"] = reliability_json(m);
  json["worst_mistakes"] = mistakes_json(report);
  if (report.statistics) json["statistics"] = statistics_json(*report.statistics);
  if (!training.is_null()) json["training"] = {{"epochs", training}};
  return json;
}

Json parse_evaluation(const std::string& text) {
  Json document = Json::parse(text, nullptr, false);
  if (!document.is_object()) return document;
  if (document.contains("statistics")) rename_key(document["statistics"], "pictures", "images");
  if (document.contains("worst_mistakes") && document["worst_mistakes"].is_array()) {
    for (Json& mistake : document["worst_mistakes"]) rename_key(mistake, "picture", "image");
  }
  add_intervals(document);
  return document;
}

std::vector<TrainedEpoch> read_epochs(const Json& list) {
  return read_epochs(JsonReader(list, "evaluation", "epochs"));
}

StoredEvaluation read_evaluation(const Json& document) {
  const JsonReader root(document, "evaluation");
  root.at("format").integer(1, 1);
  StoredEvaluation result;
  EvaluationReport& report = result.report;
  report.weights_sha256 = root.at("model").at("weights_sha256").text();
  report.temperature = static_cast<float>(read_number(root.at("model").at("temperature")));
  report.data = root.at("data").at("name").text();
  report.data_revision = root.at("data").at("revision").text();
  report.split = root.at("data").at("split").text();
  report.metrics.count = read_count(root.at("data").at("count"));
  for (const JsonReader& name : root.at("classes").list()) report.classes.push_back(name.text());
  const std::size_t classes = report.classes.size();
  if (classes == 0) root.at("classes").fail("is empty");
  read_metrics(root.at("metrics"), report);
  read_confusion(root.at("confusion"), classes, report.metrics);
  for (const JsonReader& entry : root.at("per_class").list_of(classes)) {
    report.metrics.per_class.push_back(read_class(entry));
  }
  const auto roc = root.at("roc").list_of(classes), pr = root.at("pr").list_of(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    report.curves.push_back({read_points(roc[c]), read_points(pr[c])});
  }
  for (const JsonReader& bin : root.at("reliability").list()) {
    report.metrics.reliability.push_back(read_bin(bin));
  }
  fill_fraction_intervals(report.metrics);
  if (root.at("metrics").has("ece_interval")) {
    const auto interval = root.at("metrics").at("ece_interval").list_of(2);
    report.metrics.ece_interval = {read_fraction(interval[0]), read_fraction(interval[1])};
  } else {  // of an earlier version
    report.metrics.ece_interval = ece_interval(report.metrics.reliability);
  }
  report.mistakes = read_mistakes(root.at("worst_mistakes"), report.classes);
  if (root.has("statistics")) report.statistics = read_statistics(root.at("statistics").value());
  if (root.has("training")) result.training = read_epochs(root.at("training").at("epochs"));
  return result;
}

}  // namespace fovea
