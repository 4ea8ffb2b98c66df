#include <algorithm>
#include <cmath>
#include <limits>

#include "server/charts/png/frame.h"
#include "server/charts/png/panels.h"

namespace fovea::server {
namespace {

struct Style {
  Colour colour;
  bool in_legend = true;  // false: one of the grey "others"
};

// The range of the points in x or y.
Range range_of(const Curves& panel, double CurvePoint::*coordinate) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Range range{kInfinity, -kInfinity};
  for (const Curve& curve : panel.curves) {
    for (const CurvePoint& point : curve.points) {
      range.low = std::min(range.low, point.*coordinate);
      range.high = std::max(range.high, point.*coordinate);
    }
  }
  return range.low <= range.high ? range : Range{};
}

// Each curve has a colour if there are enough; otherwise only highlighted curves have one, and the
// others are grey.
std::vector<Style> styles_of(const Theme& theme, const std::vector<Curve>& curves) {
  const auto data =
      std::count_if(curves.begin(), curves.end(), [](auto& curve) { return !curve.reference; });
  const bool enough = data <= std::ptrdiff_t(theme.series.size());
  std::vector<Style> styles;
  std::size_t next = 0;
  for (const Curve& curve : curves) {
    if (curve.reference) {
      styles.push_back({theme.muted});
    } else if ((enough || curve.highlighted) && next < theme.series.size()) {
      styles.push_back({theme.series[next++]});
    } else {
      styles.push_back({theme.other, false});
    }
  }
  return styles;
}

std::vector<LegendEntry> legend_of(const Theme& theme, const Curves& panel,
                                   const std::vector<Style>& styles) {
  std::vector<LegendEntry> legend;
  std::size_t others = 0;
  for (std::size_t i = 0; i < styles.size(); ++i) {
    if (!styles[i].in_legend) {
      ++others;
    } else {
      legend.push_back({panel.curves[i].name, styles[i].colour, panel.curves[i].reference, false});
    }
  }
  if (others > 0) legend.push_back({std::to_string(others) + " others", theme.other, false, false});
  return legend;
}

void draw_curve(const Pen& pen, const Frame& frame, const Curve& curve, Colour colour, bool dots) {
  std::vector<CurvePoint> points;
  for (const CurvePoint& point : curve.points) {
    points.push_back({frame.px(point.x), frame.py(point.y)});
  }
  const double m = pen.font_size;
  pen.canvas.path(points, colour, (curve.reference ? 0.11 : 0.16) * m, curve.reference);
  if (curve.reference) return;
  for (std::size_t i = 0; i < curve.intervals.size(); ++i) {
    pen.canvas.whisker(points[i].x, frame.py(curve.intervals[i].low),
                       frame.py(curve.intervals[i].high), 0.6 * m, colour, 0.09 * m);
  }
  for (const CurvePoint& point : points) {
    if (dots || points.size() == 1) pen.canvas.dot(point, 0.3 * m, colour);
  }
}

}  // namespace

void draw_panel(const Pen& pen, const Box& area, const Curves& panel) {
  const std::vector<Style> styles = styles_of(pen.theme, panel.curves);
  const Box rest = draw_legend(pen, area, legend_of(pen.theme, panel, styles));
  if (rest.h < 6 * pen.font_size) return;
  const Frame frame = draw_frame(pen, rest, panel.x, range_of(panel, &CurvePoint::x), panel.y,
                                 range_of(panel, &CurvePoint::y));
  for (const bool in_legend : {false, true}) {  // grey curves first, behind the coloured ones
    for (std::size_t i = 0; i < styles.size(); ++i) {
      if (styles[i].in_legend == in_legend) {
        draw_curve(pen, frame, panel.curves[i], styles[i].colour, panel.dots);
      }
    }
  }
}

}  // namespace fovea::server
