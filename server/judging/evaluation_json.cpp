#include "server/judging/evaluation_json.h"

#include <cmath>

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

// Five digits are more than the pictures tell, and keep the document small.
Json rounded(double x) {
  if (!std::isfinite(x)) return nullptr;
  return std::round(x * 1e5) / 1e5;
}

template <typename List>
Json rounded_list(const List& values) {
  Json list = Json::array();
  for (const double x : values) list.push_back(rounded(x));
  return list;
}

Json metrics_json(const Metrics& m, double ece_uncalibrated) {
  return {{"accuracy", rounded(m.accuracy)},
          {"accuracy_interval", {rounded(m.accuracy_low), rounded(m.accuracy_high)}},
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
          {"ece_uncalibrated", rounded(ece_uncalibrated)}};
}

Json classes_json(const EvaluationReport& report) {
  Json list = Json::array();
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& mine = report.metrics.per_class[c];
    list.push_back({{"name", report.classes[c]},
                    {"support", mine.support},
                    {"predicted", mine.predicted},
                    {"precision", rounded(mine.precision)},
                    {"recall", rounded(mine.recall)},
                    {"f1", rounded(mine.f1)},
                    {"roc_auc", rounded(mine.roc_auc)},
                    {"pr_auc", rounded(mine.pr_auc)}});
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
  for (const NamedMistake& mistake : report.mistakes) {
    list.push_back({{"picture", mistake.picture},
                    {"true", report.classes[static_cast<std::size_t>(mistake.truth)]},
                    {"predicted", report.classes[static_cast<std::size_t>(mistake.answer)]},
                    {"probability", rounded(mistake.probability)}});
  }
  return list;
}

}  // namespace

Json statistics_json(const DataStatistics& statistics) {
  Json classes = Json::array();
  for (const ClassStatistics& mine : statistics.classes) {
    Json one = {{"name", mine.name},
                {"train", mine.splits[0]},
                {"val", mine.splits[1]},
                {"test", mine.splits[2]},
                {"measured", mine.measured},
                {"mean_rgb", rounded_list(mine.mean)},
                {"intensity", rounded_list(mine.intensity)},
                {"red", rounded_list(mine.rgb[0])},
                {"green", rounded_list(mine.rgb[1])},
                {"blue", rounded_list(mine.rgb[2])},
                {"samples", mine.samples}};
    classes.push_back(std::move(one));
  }
  Json sizes = Json::array();
  for (const PictureSize& size : statistics.sizes) {
    sizes.push_back({{"width", size.width}, {"height", size.height}, {"count", size.count}});
  }
  return {{"pictures", statistics.pictures},
          {"classes", std::move(classes)},
          {"sizes", std::move(sizes)},
          {"other_sizes", statistics.other_sizes}};
}

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
    const ClassMetrics& mine = m.per_class[c];
    json["roc"].push_back(curve_json(report.classes[c], mine.roc_auc, report.curves[c].roc));
    json["pr"].push_back(curve_json(report.classes[c], mine.pr_auc, report.curves[c].pr));
  }
  json["reliability"] = reliability_json(m);
  json["worst_mistakes"] = mistakes_json(report);
  if (report.statistics) json["statistics"] = statistics_json(*report.statistics);
  if (!training.is_null()) json["training"] = {{"epochs", training}};
  return json;
}

}  // namespace fovea::server
