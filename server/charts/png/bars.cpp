#include <algorithm>
#include <cmath>

#include "server/charts/png/frame.h"
#include "server/charts/png/panels.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr double kFilled = 0.78;     // fraction of a slot
constexpr double kValueSize = 0.85;  // of the values above bars, in font sizes

double finite_or_zero(double value) {
  return std::isfinite(value) ? value : 0;
}

Colour colour_of(const Theme& theme, const std::string& name, std::size_t number) {
  if (name == "red") return theme.red;
  if (name == "green") return theme.green;
  if (name == "blue") return theme.blue;
  return theme.series[number % theme.series.size()];
}

// The range of the values, or of the sums of stacked ones, including 0.
Range range_of(const Bars& bars) {
  Range range;
  for (std::size_t i = 0; i < bars.categories.size(); ++i) {
    double sum = 0;
    for (const Series& series : bars.series) {
      const double value = finite_or_zero(series.values[i]);
      sum = bars.stacked ? sum + value : value;
      range.low = std::min(range.low, sum);
      range.high = std::max(range.high, sum);
    }
  }
  return range;
}

std::string value_text(double value, const Axis& axis, double top) {
  if (axis.unit == Unit::fraction) return fixed(100 * value, 0);  // percent, as the axis says
  if (axis.unit == Unit::count || top >= 100) return counted(std::llround(value));
  return fixed(value, top < 1 ? 2 : 1);
}

bool has_room(const Pen& pen, const Axis& axis, double top, double value, double width) {
  const std::string text = value_text(value, axis, top);
  return pen.canvas.text_width(text, kValueSize * pen.font_size) <= width;
}

// Draws the value above its bar.
void draw_value(const Pen& pen, const Frame& frame, const Axis& axis, const Box& bar,
                double value) {
  pen.canvas.text(value_text(value, axis, frame.y.high),
                  {bar.x + bar.w / 2, bar.y - 0.3 * pen.font_size}, kValueSize * pen.font_size,
                  pen.theme.muted, Align::centre);
}

double bar_width(const Pen& pen, const Frame& frame, const Bars& bars) {
  constexpr double kMaxWidth = 9;  // font sizes
  const double per_slot = bars.stacked ? 1 : double(bars.series.size());
  return std::min(kMaxWidth * pen.font_size, frame.plot.w / frame.x.high * kFilled / per_slot);
}

double sum_of(const Bars& bars, std::size_t category) {
  double sum = 0;
  for (const Series& series : bars.series) sum += finite_or_zero(series.values[category]);
  return sum;
}

// The 95 % interval of a bar, on wide enough bars.
void draw_interval(const Pen& pen, const Frame& frame, const Box& bar, const Interval& interval) {
  constexpr double kMinWidth = 0.4;  // font sizes
  if (bar.w < kMinWidth * pen.font_size) return;
  pen.canvas.whisker(bar.x + bar.w / 2, frame.py(interval.low), frame.py(interval.high),
                     std::min(0.5 * bar.w, 0.8 * pen.font_size), pen.theme.text,
                     0.09 * pen.font_size);
}

// Values are drawn only if all of them fit: some alone would stand out without reason.
bool has_room(const Pen& pen, const Frame& frame, const Bars& bars) {
  const double width = bar_width(pen, frame, bars);
  for (std::size_t i = 0; i < bars.categories.size(); ++i) {
    if (bars.stacked) {
      if (!has_room(pen, bars.y, frame.y.high, sum_of(bars, i), width)) return false;
      continue;
    }
    for (const Series& series : bars.series) {
      const double value = finite_or_zero(series.values[i]);
      if (!has_room(pen, bars.y, frame.y.high, value, width)) return false;
    }
  }
  return true;
}

void draw_category(const Pen& pen, const Frame& frame, const Bars& bars, std::size_t i,
                   bool values) {
  const double slot = frame.plot.w / frame.x.high, width = bar_width(pen, frame, bars);
  const double group = width * (bars.stacked ? 1 : double(bars.series.size()));
  double x = frame.plot.x + (double(i) + 0.5) * slot - group / 2;
  double base = 0;
  for (std::size_t s = 0; s < bars.series.size(); ++s) {
    const Series& series = bars.series[s];
    const double value = series.values[i];
    const double top = frame.py(base + finite_or_zero(value));
    Box bar{x, top, width, frame.py(base) - top};
    pen.canvas.fill(bar, colour_of(pen.theme, series.name, s));
    if (bars.stacked) {
      base += finite_or_zero(value);
    } else {
      const bool defined = std::isfinite(value);
      if (defined && !series.intervals.empty()) {
        draw_interval(pen, frame, bar, series.intervals[i]);
        // The value stands above the whisker.
        bar.y = std::min(bar.y, frame.py(series.intervals[i].high));
      }
      if (values && defined) draw_value(pen, frame, bars.y, bar, value);
      x += width;
    }
  }
  if (bars.stacked && values) {
    draw_value(pen, frame, bars.y, {x, frame.py(base), width, 0}, base);
  }
}

}  // namespace

void draw_panel(const Pen& pen, const Box& area, const Bars& bars) {
  std::vector<LegendEntry> legend;
  for (std::size_t s = 0; s < bars.series.size() && bars.series.size() > 1; ++s) {
    legend.push_back(
        {bars.series[s].name, colour_of(pen.theme, bars.series[s].name, s), false, true});
  }
  const Box rest = draw_legend(pen, area, legend);
  if (rest.h < 6 * pen.font_size || bars.categories.empty()) return;
  const Frame frame =
      draw_frame(pen, rest, Categories{bars.x_title, bars.categories}, bars.y, range_of(bars));
  const bool values = has_room(pen, frame, bars);
  for (std::size_t i = 0; i < static_cast<std::size_t>(frame.x.high); ++i) {
    draw_category(pen, frame, bars, i, values);
  }
}

void draw_panel(const Pen& pen, const Box& area, const Histogram& histogram) {
  if (area.h < 6 * pen.font_size || histogram.bins.empty()) return;
  Range y;
  for (const Bin& bin : histogram.bins) y.high = std::max(y.high, finite_or_zero(bin.value));
  const Range x{histogram.bins.front().low, histogram.bins.back().high};
  const Frame frame = draw_frame(pen, area, histogram.x, x, histogram.y, y);
  bool values = true;
  for (const Bin& bin : histogram.bins) {
    const double width = frame.px(bin.high) - frame.px(bin.low);
    values = values && has_room(pen, histogram.y, frame.y.high, finite_or_zero(bin.value), width);
  }
  for (const Bin& bin : histogram.bins) {
    const double left = frame.px(bin.low), right = frame.px(bin.high);
    const double gap = right - left > 4 ? 1 : 0;
    const double top = frame.py(finite_or_zero(bin.value));
    const Box bar{left + gap / 2, top, std::max(1.0, right - left - gap),
                  frame.plot.bottom() - top};
    pen.canvas.fill(bar, pen.theme.series[0]);
    if (values && bin.value > 0) draw_value(pen, frame, histogram.y, bar, bin.value);
  }
}

}  // namespace fovea::server
