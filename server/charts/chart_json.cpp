#include <cmath>

#include "server/charts/chart.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

// Rounded to six decimals: enough for a chart, and 0.1 instead of 0.10000000000000003.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1e6) / 1e6;
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

const char* name_of(Unit unit) {
  switch (unit) {
    case Unit::count:
      return "count";
    case Unit::fraction:
      return "share";  // its name in the API
    case Unit::time:
      return "time";
    default:
      return "number";
  }
}

Json axis_json(const Axis& axis) {
  Json json = {{"title", axis.title}, {"unit", name_of(axis.unit)}};
  if (axis.low < axis.high) {
    json["low"] = number(axis.low);
    json["high"] = number(axis.high);
  }
  return json;
}

Json intervals_json(const std::vector<Interval>& intervals) {
  Json list = Json::array();
  for (const Interval& one : intervals) list.push_back({number(one.low), number(one.high)});
  return list;
}

Json panel_json(const Bars& bars) {
  Json series = Json::array();
  for (const Series& entry : bars.series) {
    series.push_back({{"name", entry.name}, {"values", numbers(entry.values)}});
    if (!entry.intervals.empty()) series.back()["intervals"] = intervals_json(entry.intervals);
  }
  return {
      {"kind", "bars"},          {"x", {{"title", bars.x_title}}}, {"y", axis_json(bars.y)},
      {"stacked", bars.stacked}, {"categories", bars.categories},  {"series", std::move(series)}};
}

Json panel_json(const Histogram& histogram) {
  Json bins = Json::array();
  for (const Bin& bin : histogram.bins) {
    bins.push_back(
        {{"low", number(bin.low)}, {"high", number(bin.high)}, {"value", number(bin.value)}});
  }
  return {{"kind", "histogram"},
          {"x", axis_json(histogram.x)},
          {"y", axis_json(histogram.y)},
          {"bins", std::move(bins)}};
}

Json panel_json(const Curves& panel) {
  Json list = Json::array();
  for (const Curve& curve : panel.curves) {
    Json points = Json::array();
    for (const CurvePoint& point : curve.points) {
      points.push_back({number(point.x), number(point.y)});
    }
    list.push_back({{"name", curve.name},
                    {"reference", curve.reference},
                    {"highlighted", curve.highlighted},
                    {"points", std::move(points)}});
    if (!curve.intervals.empty()) list.back()["intervals"] = intervals_json(curve.intervals);
  }
  return {{"kind", "lines"},
          {"x", axis_json(panel.x)},
          {"y", axis_json(panel.y)},
          {"dots", panel.dots},
          {"lines", std::move(list)}};
}

Json panel_json(const HeatMap& map) {
  Json rows = Json::array();
  for (const auto& row : map.values) rows.push_back(numbers(row));
  return {{"kind", "heat_map"},
          {"x", {{"title", map.x_title}}},
          {"y", {{"title", map.y_title}}},
          {"names", map.names},
          {"values", std::move(rows)}};
}

Json image_json(const ChartImage& image) {
  Json json = {{"sha256", image.sha256}, {"label", image.label}};
  if (!image.prediction.empty()) {
    json["answer"] = image.prediction;
    json["probability"] = number(image.probability);
  }
  json["url"] = image.url.empty() ? Json() : Json(image.url);
  return json;
}

Json panel_json(const ImageGrid& images) {
  Json groups = Json::array();
  for (const ImageGroup& group : images.groups) {
    Json list = Json::array();
    for (const ChartImage& image : group.images) list.push_back(image_json(image));
    groups.push_back({{"name", group.name}, {"images", std::move(list)}});
  }
  return {{"kind", "images"}, {"groups", std::move(groups)}};
}

}  // namespace

Json chart_json(const Chart& chart) {
  Json panels = Json::array();
  for (const Panel& panel : chart.panels) {
    panels.push_back(std::visit([](const auto& kind) { return panel_json(kind); }, panel));
  }
  return {{"panels", std::move(panels)}};
}

}  // namespace fovea::server
