#pragma once

#include <string>
#include <vector>

#include "server/charts/png/theme.h"
#include "server/charts/png/ticks.h"

namespace fovea::server {

// A plot area with axes, and the mapping of values to pixels.
struct Frame {
  Box plot;
  Range x, y;
  double px(double value) const { return plot.x + (value - x.low) / (x.high - x.low) * plot.w; }
  double py(double value) const {
    return plot.bottom() - (value - y.low) / (y.high - y.low) * plot.h;
  }
};

// Draws the axes of a plot with two numeric axes and data in these ranges.
Frame draw_frame(const Pen& pen, const Box& area, const Axis& x, Range in_x, const Axis& y,
                 Range in_y);

struct Categories {
  std::string title;
  std::vector<std::string> names;
};

// Draws the axes of a plot with one slot of equal width per name, slot i spanning x from i to i
// + 1. Names wider than their slots are rotated. If there is no room for all slots, the last ones
// are omitted and the title says so; x.high of the result is the number of slots.
Frame draw_frame(const Pen& pen, const Box& area, const Categories& x, const Axis& y, Range in_y);

struct LegendEntry {
  std::string name;
  Colour colour;
  bool dashed = false;
  bool block = false;  // the mark is a block (of a bar), else a line
};

// Draws a legend along the upper edge and returns the rest of the area.
Box draw_legend(const Pen& pen, const Box& area, const std::vector<LegendEntry>& entries);

// Names below slots of equal width: horizontal if all fit; else rotated, truncated if necessary,
// and only every n-th if there are too many.
struct SlotNames {
  std::vector<std::string> names;
  bool rotated = false;
  double height = 0;    // required below the plot
  double overhang = 0;  // beyond the left edge of the plot
};
SlotNames fit_names(const Pen& pen, const std::vector<std::string>& names, double slot);
void draw_names(const Pen& pen, const Box& plot, const SlotNames& fitted);

}  // namespace fovea::server
