#include <cmath>
#include <nlohmann/json.hpp>

#include "server/charts/chart.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

// Six digits after the point draw as well as all, and say 0.1 where a sum says 0.10000000000000003.
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
    case Unit::share:
      return "share";
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

Json panel_json(const Bars& bars) {
  Json series = Json::array();
  for (const Series& one : bars.series) {
    series.push_back({{"name", one.name}, {"values", numbers(one.values)}});
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

Json panel_json(const Lines& lines) {
  Json list = Json::array();
  for (const Line& line : lines.lines) {
    Json points = Json::array();
    for (const CurvePoint& point : line.points) {
      points.push_back({number(point.x), number(point.y)});
    }
    list.push_back({{"name", line.name},
                    {"reference", line.reference},
                    {"highlighted", line.highlighted},
                    {"points", std::move(points)}});
  }
  return {{"kind", "lines"},
          {"x", axis_json(lines.x)},
          {"y", axis_json(lines.y)},
          {"dots", lines.dots},
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

Json image_json(const ShownImage& image) {
  Json json = {{"sha256", image.sha256}, {"label", image.label}};
  if (!image.answer.empty()) {
    json["answer"] = image.answer;
    json["probability"] = number(image.probability);
  }
  json["url"] =
      image.at_hand ? Json("/api/v1/dataset/images/" + image.sha256 + "/content") : Json();
  return json;
}

Json panel_json(const ImageGrid& images) {
  Json groups = Json::array();
  for (const ImageGroup& group : images.groups) {
    Json list = Json::array();
    for (const ShownImage& image : group.images) list.push_back(image_json(image));
    groups.push_back({{"name", group.name}, {"images", std::move(list)}});
  }
  return {{"kind", "images"}, {"groups", std::move(groups)}};
}

}  // namespace

Json chart_json(const Chart& chart) {
  Json panels = Json::array();
  for (const Panel& panel : chart.panels) {
    panels.push_back(std::visit([](const auto& one) { return panel_json(one); }, panel));
  }
  return {{"panels", std::move(panels)}};
}

}  // namespace fovea::server
