#pragma once

#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/eval/curves.h"
#include "engine/fit/interval.h"

namespace fovea::server {

// The data of a chart: server/charts/png draws it as a PNG, chart_json() sends it to the dashboard.
// A missing value is NaN and leaves a gap.

enum class Unit {
  number,
  count,     // whole numbers
  fraction,  // 0 to 1, shown in percent
  time       // seconds since 1970, UTC
};

struct Axis {
  std::string title;
  Unit unit = Unit::number;
  double low = 0, high = 0;  // bounds of the axis; equal: the range of the data
};

struct Series {
  std::string name;
  std::vector<double> values;  // one for each category
  // 95 % intervals of the values, drawn as whiskers; none, or one for each category.
  std::vector<Interval> intervals = {};
};

// A group of bars per category, side by side or stacked.
struct Bars {
  std::string x_title;
  Axis y;
  std::vector<std::string> categories;
  std::vector<Series> series;
  bool stacked = false;
};

// Bars with these series and no categories yet.
Bars empty_bars(const std::string& x_title, const Axis& y, const std::vector<std::string>& series);

struct Bin {
  double low = 0, high = 0, value = 0;
};

// A bar per interval of a number.
struct Histogram {
  Axis x, y;
  std::vector<Bin> bins;  // in ascending order, without overlap
};

struct Curve {
  std::string name;
  std::vector<CurvePoint> points;
  bool reference = false;    // a baseline for comparison, not data
  bool highlighted = false;  // mentioned in the sentence: stays visible among many curves
  std::vector<Interval> intervals = {};  // 95 %, of y; none, or one for each point
};

struct Curves {
  Axis x, y;
  std::vector<Curve> curves;
  bool dots = false;  // mark the points
};

// A confusion matrix: counts by true class (row) and predicted class (column).
struct HeatMap {
  std::string x_title, y_title;
  std::vector<std::string> names;           // of the rows and of the columns
  std::vector<std::vector<double>> values;  // [row][column]
};

struct ChartImage {
  std::string sha256;
  std::string label;
  std::string prediction;  // empty: none
  double probability = 0;  // of the prediction
  std::string url;         // path of its file on this server; empty: not available
};

struct ImageGroup {
  std::string name;  // empty: the only group
  std::vector<ChartImage> images;
};

struct ImageGrid {
  std::vector<ImageGroup> groups;
};

using Panel = std::variant<Bars, Histogram, Curves, HeatMap, ImageGrid>;

struct Chart {
  std::vector<Panel> panels;
  bool side_by_side = false;  // else one below the other, the first the tallest
  bool alternatives = false;  // draw only the first panel that is drawable
};

bool is_drawable(const Panel& panel);  // false: an image grid without an available image
bool is_drawable(const Chart& chart);  // whether any of its panels is drawable

std::string range_text(const Interval& interval);  // "76.4 % to 99.1 %"

// docs/http-api.md, section Insights.
nlohmann::ordered_json chart_json(const Chart& chart);

}  // namespace fovea::server
