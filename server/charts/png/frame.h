#pragma once

#include <string>
#include <vector>

#include "server/charts/png/theme.h"
#include "server/charts/png/ticks.h"

namespace fovea::server {

// A plot with its axes drawn around it, and where a value lies in it.
struct Frame {
  Box plot;
  Range x, y;
  double px(double value) const { return plot.x + (value - x.low) / (x.high - x.low) * plot.w; }
  double py(double value) const {
    return plot.bottom() - (value - y.low) / (y.high - y.low) * plot.h;
  }
};

// Both axes are numbers, which lie in these ranges.
Frame draw_frame(const Pen& pen, const Box& area, const Axis& x, Range in_x, const Axis& y,
                 Range in_y);

struct Categories {
  std::string title;
  std::vector<std::string> names;
};

// One slot of the same width for each name, from x = 0 on; names that do not fit below their slots
// are turned. Those there is no room for are left out and a note says so: x.high is how many there
// are.
Frame draw_frame(const Pen& pen, const Box& area, const Categories& x, const Axis& y, Range in_y);

struct LegendEntry {
  std::string name;
  Colour colour;
  bool dashed = false;
  bool block = false;  // of a bar; else of a line
};

// Along the upper edge; returns what is left of the area.
Box draw_legend(const Pen& pen, const Box& area, const std::vector<LegendEntry>& entries);

// Names below slots of one width: level where all fit, else turned, perhaps cut, perhaps only every
// n-th.
struct SlotNames {
  std::vector<std::string> names;
  bool turned = false;
  double height = 0;    // that they need below the plot
  double overhang = 0;  // how far they reach beyond its left edge
};
SlotNames fit_names(const Pen& pen, const std::vector<std::string>& names, double slot);
void draw_names(const Pen& pen, const Box& plot, const SlotNames& fitted);

}  // namespace fovea::server
