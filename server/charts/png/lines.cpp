#include <algorithm>
#include <cmath>
#include <limits>

#include "server/charts/png/frame.h"
#include "server/charts/png/panels.h"

namespace fovea::server {
namespace {

struct Style {
  Colour colour;
  bool shown = true;  // in the legend by its name
};

Range reach(const Lines& lines, double CurvePoint::*side) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Range range{kInfinity, -kInfinity};
  for (const Line& line : lines.lines) {
    for (const CurvePoint& point : line.points) {
      range.low = std::min(range.low, point.*side);
      range.high = std::max(range.high, point.*side);
    }
  }
  return range.low <= range.high ? range : Range{};
}

// While the colours suffice each line has one; else only those that are highlighted, as far as they
// go, and the others are grey.
std::vector<Style> styles_of(const Theme& theme, const std::vector<Line>& lines) {
  const auto data = std::count_if(lines.begin(), lines.end(), [](auto& l) { return !l.reference; });
  const bool enough = data <= std::ptrdiff_t(theme.series.size());
  std::vector<Style> styles;
  std::size_t next = 0;
  for (const Line& line : lines) {
    if (line.reference) {
      styles.push_back({theme.soft});
    } else if ((enough || line.highlighted) && next < theme.series.size()) {
      styles.push_back({theme.series[next++]});
    } else {
      styles.push_back({theme.other, false});
    }
  }
  return styles;
}

std::vector<LegendEntry> legend_of(const Theme& theme, const Lines& lines,
                                   const std::vector<Style>& styles) {
  std::vector<LegendEntry> legend;
  std::size_t others = 0;
  for (std::size_t i = 0; i < styles.size(); ++i) {
    if (!styles[i].shown) {
      ++others;
    } else {
      legend.push_back({lines.lines[i].name, styles[i].colour, lines.lines[i].reference, false});
    }
  }
  if (others > 0) legend.push_back({std::to_string(others) + " others", theme.other, false, false});
  return legend;
}

void draw_line(const Pen& pen, const Frame& frame, const Line& line, Colour colour, bool dots) {
  std::vector<CurvePoint> points;
  for (const CurvePoint& point : line.points) {
    points.push_back({frame.px(point.x), frame.py(point.y)});
  }
  const double m = pen.letters;
  pen.canvas.path(points, colour, (line.reference ? 0.11 : 0.16) * m, line.reference);
  if (line.reference) return;
  for (const CurvePoint& point : points) {
    if (dots || points.size() == 1) pen.canvas.dot(point, 0.3 * m, colour);
  }
}

}  // namespace

void draw_panel(const Pen& pen, const Box& area, const Lines& lines) {
  const std::vector<Style> styles = styles_of(pen.theme, lines.lines);
  const Box rest = draw_legend(pen, area, legend_of(pen.theme, lines, styles));
  if (rest.h < 6 * pen.letters) return;
  const Frame frame = draw_frame(pen, rest, lines.x, reach(lines, &CurvePoint::x), lines.y,
                                 reach(lines, &CurvePoint::y));
  for (const bool shown : {false, true}) {  // the grey ones first, below the others
    for (std::size_t i = 0; i < styles.size(); ++i) {
      if (styles[i].shown == shown) {
        draw_line(pen, frame, lines.lines[i], styles[i].colour, lines.dots);
      }
    }
  }
}

}  // namespace fovea::server
