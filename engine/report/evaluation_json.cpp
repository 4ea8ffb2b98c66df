#include "engine/report/evaluation_json.h"

#include <cmath>
#include <limits>
#include <map>

#include "engine/core/error.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

// Five digits are more than the images tell, and keep the document small.
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
    list.push_back({{"image", mistake.image},
                    {"true", report.classes[static_cast<std::size_t>(mistake.truth)]},
                    {"predicted", report.classes[static_cast<std::size_t>(mistake.answer)]},
                    {"probability", rounded(mistake.probability)}});
  }
  return list;
}

// Reading.

constexpr std::int64_t kMaxCount = 1'000'000'000'000;  // sums of counts stay far from overflow
constexpr double kMaxNumber = 1e9;                     // a loss, an epoch: nothing real comes near
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// A value of the document and the way to it, for errors.
struct Node {
  const Json& json;
  std::string path;

  [[noreturn]] void fail(const std::string& what) const {
    throw FormatError("evaluation: " + path + " " + what);
  }
  bool has(const std::string& key) const { return json.is_object() && json.contains(key); }
  Node at(const std::string& key) const {
    const std::string place = path.empty() ? key : path + "." + key;
    if (!has(key)) throw FormatError("evaluation: " + place + " is missing");
    return {json[key], place};
  }
  std::vector<Node> list() const {
    if (!json.is_array()) fail("is not a list");
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < json.size(); ++i) {
      nodes.push_back({json[i], path + "[" + std::to_string(i) + "]"});
    }
    return nodes;
  }
  std::vector<Node> list(std::size_t size) const {
    auto nodes = list();
    if (nodes.size() != size) {
      fail("has " + std::to_string(nodes.size()) + " entries, not " + std::to_string(size));
    }
    return nodes;
  }
  std::string text() const {
    if (!json.is_string()) fail("is not a text");
    return json.get<std::string>();
  }
  double number() const {
    if (!json.is_number()) fail("is not a number");
    const double value = json.get<double>();
    if (!(std::abs(value) <= kMaxNumber)) fail("is out of bounds");
    return value;
  }
  double number_or_none() const { return json.is_null() ? kNone : number(); }
  double share() const {
    const double value = number();
    if (value < 0 || value > 1) fail("is not a share, 0 to 1");
    return value;
  }
  double share_or_none() const { return json.is_null() ? kNone : share(); }
  std::int64_t count() const {
    if (!json.is_number_integer()) fail("is not a count");
    // Compared as floating point, which no integer overflows.
    const double value = json.get<double>();
    if (value < 0 || value > double(kMaxCount)) fail("is not a count");
    return json.get<std::int64_t>();
  }
};

template <typename Array>
void read_shares(const Node& node, Array& into) {
  const auto nodes = node.list(into.size());
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = nodes[i].share();
}

void read_metrics(const Node& node, EvaluationReport& report) {
  Metrics& m = report.metrics;
  m.accuracy = node.at("accuracy").share();
  const auto interval = node.at("accuracy_interval").list(2);
  m.accuracy_low = interval[0].share();
  m.accuracy_high = interval[1].share();
  m.macro = {node.at("macro_precision").share(), node.at("macro_recall").share(),
             node.at("macro_f1").share()};
  m.weighted = {node.at("weighted_precision").share(), node.at("weighted_recall").share(),
                node.at("weighted_f1").share()};
  m.roc_auc_macro = node.at("roc_auc_ovr_macro").share_or_none();
  m.pr_auc_macro = node.at("pr_auc_ovr_macro").share_or_none();
  m.log_loss = node.at("log_loss").number();
  m.brier = node.at("brier").number();
  m.ece = node.at("ece").share();
  report.ece_uncalibrated = node.at("ece_uncalibrated").share();
}

void read_confusion(const Node& node, std::size_t classes, Metrics& metrics) {
  for (const Node& row : node.list(classes)) {
    metrics.confusion.emplace_back();
    for (const Node& cell : row.list(classes)) metrics.confusion.back().push_back(cell.count());
  }
}

ClassMetrics read_class(const Node& node) {
  ClassMetrics mine;
  mine.support = node.at("support").count();
  mine.predicted = node.at("predicted").count();
  mine.precision = node.at("precision").share();
  mine.recall = node.at("recall").share();
  mine.f1 = node.at("f1").share();
  mine.roc_auc = node.at("roc_auc").share_or_none();
  mine.pr_auc = node.at("pr_auc").share_or_none();
  return mine;
}

std::vector<CurvePoint> read_points(const Node& node) {
  std::vector<CurvePoint> points;
  for (const Node& point : node.at("points").list()) {
    const auto pair = point.list(2);
    points.push_back({pair[0].share(), pair[1].share()});
    if (points.size() > 1 && points.back().x < points[points.size() - 2].x) {
      point.fail("goes back: x must not fall");
    }
  }
  return points;
}

ReliabilityBin read_bin(const Node& node) {
  return {node.at("low").share(), node.at("high").share(), node.at("count").count(),
          node.at("confidence").share(), node.at("accuracy").share()};
}

ClassStatistics read_class_statistics(const Node& node) {
  ClassStatistics mine;
  mine.name = node.at("name").text();
  mine.splits = {node.at("train").count(), node.at("val").count(), node.at("test").count()};
  mine.measured = node.at("measured").count();
  const auto mean = node.at("mean_rgb").list(3);
  for (std::size_t c = 0; c < 3; ++c) {
    mine.mean[c] = mean[c].number();
    if (mine.mean[c] < 0 || mine.mean[c] > 255) mean[c].fail("is not 0 to 255");
  }
  read_shares(node.at("intensity"), mine.intensity);
  read_shares(node.at("red"), mine.rgb[0]);
  read_shares(node.at("green"), mine.rgb[1]);
  read_shares(node.at("blue"), mine.rgb[2]);
  for (const Node& sample : node.at("samples").list()) mine.samples.push_back(sample.text());
  return mine;
}

DataStatistics read_statistics(const Node& node) {
  DataStatistics statistics;
  statistics.images = node.at("images").count();
  for (const Node& one : node.at("classes").list()) {
    statistics.classes.push_back(read_class_statistics(one));
  }
  for (const Node& one : node.at("sizes").list()) {
    const std::int64_t width = one.at("width").count(), height = one.at("height").count();
    if (width > 1 << 20 || height > 1 << 20) one.fail("is no size of an image");
    statistics.sizes.push_back(
        {static_cast<int>(width), static_cast<int>(height), one.at("count").count()});
  }
  statistics.other_sizes = node.at("other_sizes").count();
  return statistics;
}

std::vector<NamedMistake> read_mistakes(const Node& node, const std::vector<std::string>& classes) {
  std::map<std::string, int> numbers;
  for (std::size_t i = 0; i < classes.size(); ++i) numbers[classes[i]] = static_cast<int>(i);
  const auto number = [&](const Node& name) {
    const auto found = numbers.find(name.text());
    if (found == numbers.end()) name.fail("is not one of the classes");
    return found->second;
  };
  std::vector<NamedMistake> mistakes;
  for (const Node& one : node.list()) {
    mistakes.push_back({one.at("image").text(), number(one.at("true")), number(one.at("predicted")),
                        one.at("probability").share()});
  }
  return mistakes;
}

std::vector<TrainedEpoch> read_epochs(const Node& node) {
  std::vector<TrainedEpoch> epochs;
  for (const Node& one : node.list()) {
    const auto number = [&](const char* key) {
      return one.has(key) ? one.at(key).number_or_none() : kNone;
    };
    epochs.push_back({one.at("epoch").number(), number("train_loss"), number("train_accuracy"),
                      number("val_loss"), number("val_accuracy")});
  }
  return epochs;
}

void rename_key(Json& object, const char* from, const char* to) {
  if (!object.is_object() || !object.contains(from) || object.contains(to)) return;
  object[to] = std::move(object[from]);
  object.erase(from);
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
  for (const ImageSize& size : statistics.sizes) {
    sizes.push_back({{"width", size.width}, {"height", size.height}, {"count", size.count}});
  }
  return {{"images", statistics.images},
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

Json parse_evaluation(const std::string& text) {
  Json document = Json::parse(text, nullptr, false);
  if (!document.is_object()) return document;
  if (document.contains("statistics")) rename_key(document["statistics"], "pictures", "images");
  if (document.contains("worst_mistakes") && document["worst_mistakes"].is_array()) {
    for (Json& mistake : document["worst_mistakes"]) rename_key(mistake, "picture", "image");
  }
  return document;
}

std::vector<TrainedEpoch> read_epochs(const Json& list) {
  return read_epochs(Node{list, "epochs"});
}

StoredEvaluation read_evaluation(const Json& document) {
  const Node root{document, ""};
  if (!document.is_object()) throw FormatError("evaluation: this is no JSON object");
  if (root.at("format").number() != 1) root.at("format").fail("is not 1");
  StoredEvaluation result;
  EvaluationReport& report = result.report;
  report.weights_sha256 = root.at("model").at("weights_sha256").text();
  report.temperature = static_cast<float>(root.at("model").at("temperature").number());
  report.data = root.at("data").at("name").text();
  report.data_revision = root.at("data").at("revision").text();
  report.split = root.at("data").at("split").text();
  report.metrics.count = root.at("data").at("count").count();
  for (const Node& name : root.at("classes").list()) report.classes.push_back(name.text());
  const std::size_t classes = report.classes.size();
  if (classes == 0) root.at("classes").fail("is empty");
  read_metrics(root.at("metrics"), report);
  read_confusion(root.at("confusion"), classes, report.metrics);
  for (const Node& one : root.at("per_class").list(classes)) {
    report.metrics.per_class.push_back(read_class(one));
  }
  const auto roc = root.at("roc").list(classes), pr = root.at("pr").list(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    report.curves.push_back({read_points(roc[c]), read_points(pr[c])});
  }
  for (const Node& bin : root.at("reliability").list()) {
    report.metrics.reliability.push_back(read_bin(bin));
  }
  report.mistakes = read_mistakes(root.at("worst_mistakes"), report.classes);
  if (root.has("statistics")) report.statistics = read_statistics(root.at("statistics"));
  if (root.has("training")) result.training = read_epochs(root.at("training").at("epochs"));
  return result;
}

}  // namespace fovea
