#pragma once

#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/eval/curves.h"

namespace fovea::server {

// What a chart shows, as data: server/drawing makes a PNG of it, chart_json() what a dashboard
// draws. A number that does not exist is NaN: a gap.

enum class Unit {
  number,
  count,  // whole numbers
  share,  // 0 to 1, people read per cent
  time    // seconds since 1970, UTC
};

struct Axis {
  std::string title;
  Unit unit = Unit::number;
  double low = 0, high = 0;  // what it must reach; equal: as far as the data goes
};

struct Series {
  std::string name;
  std::vector<double> values;  // one for each category
};

// A group of bars for each category, beside each other or on top of each other.
struct Bars {
  std::string x_title;
  Axis y;
  std::vector<std::string> categories;
  std::vector<Series> series;
  bool stacked = false;
};

// Without categories and values.
Bars empty_bars(const std::string& x_title, const Axis& y, const std::vector<std::string>& series);

struct Bin {
  double low = 0, high = 0, value = 0;
};

// A bar for each interval of a number.
struct Histogram {
  Axis x, y;
  std::vector<Bin> bins;  // from left to right, without overlap
};

struct Line {
  std::string name;
  std::vector<CurvePoint> points;
  bool reference = false;    // what to compare with, not data
  bool highlighted = false;  // one that the sentence speaks of: stays visible among many
};

struct Lines {
  Axis x, y;
  std::vector<Line> lines;
  bool dots = false;  // the points matter, the lines only join them
};

// A square table of counts: rows are what is true, columns what was answered.
struct HeatMap {
  std::string x_title, y_title;
  std::vector<std::string> names;           // of rows and of columns
  std::vector<std::vector<double>> values;  // [row][column]
};

struct ShownImage {
  std::string sha256;
  std::string label;
  std::string answer;      // empty: there is none
  double probability = 0;  // of the answer
  bool at_hand = false;    // whether its pixels are on this machine
};

struct ImageGroup {
  std::string name;  // empty: not a group of its own
  std::vector<ShownImage> images;
};

struct ImageGrid {
  std::vector<ImageGroup> groups;
};

using Panel = std::variant<Bars, Histogram, Lines, HeatMap, ImageGrid>;

struct Chart {
  std::vector<Panel> panels;
  bool side_by_side = false;  // else below each other, the first the tallest
  bool alternatives = false;  // only the first is drawn that can be
};

bool is_drawable(const Panel& panel);  // false: images of which none is at hand
bool is_drawable(const Chart& chart);  // whether any of its panels is

// docs/http-api.md, section Insights.
nlohmann::ordered_json chart_json(const Chart& chart);

}  // namespace fovea::server
