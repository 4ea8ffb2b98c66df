#include "server/charts/png/frame.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fovea::server {
namespace {

constexpr double kRotation = 40;  // degrees
// In units of the font size:
constexpr double kMaxNameWidth = 14;
constexpr double kTickWidth = 5.7;  // left of a plot, for the labels of y

double sine() {
  return std::sin(kRotation * std::numbers::pi / 180);
}
double cosine() {
  return std::cos(kRotation * std::numbers::pi / 180);
}

// The centre of a pixel, where a line of one pixel is not blurred.
double pixel_centre(double at) {
  return std::floor(at) + 0.5;
}

double widest(const Pen& pen, const std::vector<Tick>& marks) {
  double width = 0;
  for (const Tick& mark : marks) {
    width = std::max(width, pen.canvas.text_width(mark.label, pen.font_size));
  }
  return width;
}

// Draws the title, labels and grid lines of the vertical axis; returns the plot with its final left
// edge.
Box draw_y(const Pen& pen, Box plot, const Axis& axis, const Ticks& ticks) {
  const double m = pen.font_size;
  // A minimum width, so that plots below each other usually have the same left edge.
  const double left = std::max(kTickWidth * m, 2.3 * m + widest(pen, ticks.marks));
  plot.x += left;
  plot.w -= left;
  const std::string title = pen.canvas.truncated(axis.title, m, plot.h + 2 * m);
  pen.canvas.text(title, {plot.x - left + m, plot.y + plot.h / 2}, m, pen.theme.muted,
                  Align::centre, 90);
  for (const Tick& mark : ticks.marks) {
    const double share = (mark.at - ticks.range.low) / (ticks.range.high - ticks.range.low);
    const double y = pixel_centre(plot.bottom() - share * plot.h);
    pen.canvas.line({plot.x, y}, {plot.right(), y}, pen.theme.grid, 1);
    pen.canvas.text(mark.label, {plot.x - 0.5 * m, y + 0.36 * m}, m, pen.theme.text, Align::right);
  }
  return plot;
}

void draw_x_title(const Pen& pen, const Box& area, const Box& plot, const std::string& title) {
  pen.canvas.text(pen.canvas.truncated(title, pen.font_size, plot.w),
                  {plot.x + plot.w / 2, area.bottom() - 0.3 * pen.font_size}, pen.font_size,
                  pen.theme.muted, Align::centre);
}

void draw_base_line(const Pen& pen, const Box& plot) {
  const double y = pixel_centre(plot.bottom());
  pen.canvas.line({plot.x, y}, {plot.right(), y}, pen.theme.muted, 1);
}

// How many ticks fit along an axis, at `spacing` (in font sizes) each.
int ticks_along(const Pen& pen, double length, double spacing) {
  return static_cast<int>(length / (spacing * pen.font_size));
}

void draw_x(const Pen& pen, const Box& plot, const Ticks& ticks) {
  const double m = pen.font_size;
  double free_from = plot.x - 3 * m;  // labels must not overlap the previous one
  for (const Tick& mark : ticks.marks) {
    const double share = (mark.at - ticks.range.low) / (ticks.range.high - ticks.range.low);
    const double x = pixel_centre(plot.x + share * plot.w);
    pen.canvas.line({x, plot.bottom()}, {x, plot.bottom() + 0.35 * m}, pen.theme.muted, 1);
    const double half = pen.canvas.text_width(mark.label, m) / 2;
    if (x - half < free_from) continue;
    free_from = x + half + 0.6 * m;
    pen.canvas.text(mark.label, {x, plot.bottom() + 1.5 * m}, m, pen.theme.text, Align::centre);
  }
}

}  // namespace

Frame draw_frame(const Pen& pen, const Box& area, const Axis& x, Range in_x, const Axis& y,
                 Range in_y) {
  const double m = pen.font_size;
  Box plot{area.x, area.y + 0.6 * m, area.w - 1.8 * m, area.h - 4 * m};
  const Ticks y_ticks = make_ticks(y, in_y, ticks_along(pen, plot.h, 3.2));
  plot = draw_y(pen, plot, y, y_ticks);
  Axis bounded_x = x;  // without bounds the data fills the width
  if (x.low >= x.high) bounded_x.low = in_x.low, bounded_x.high = in_x.high;
  const Ticks x_ticks =
      make_ticks(bounded_x, in_x, ticks_along(pen, plot.w, x.unit == Unit::time ? 8 : 5));
  draw_x(pen, plot, x_ticks);
  draw_base_line(pen, plot);
  draw_x_title(pen, area, plot, x.title);
  return {plot, x_ticks.range, y_ticks.range};
}

SlotNames fit_names(const Pen& pen, const std::vector<std::string>& names, double slot) {
  const double m = pen.font_size;
  SlotNames fitted;
  std::vector<double> widths;
  double widest = 0;
  for (const std::string& name : names) {
    fitted.names.push_back(pen.canvas.truncated(name, m, kMaxNameWidth * m));
    widths.push_back(pen.canvas.text_width(fitted.names.back(), m));
    widest = std::max(widest, widths.back());
  }
  fitted.rotated = widest > slot - 0.4 * m;
  // If rotated names would overlap, only every n-th is drawn.
  const double needed = 1.2 * m / sine();
  const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil(needed / slot)));
  for (std::size_t i = 0; fitted.rotated && i < names.size(); ++i) {
    if (i % every != 0) fitted.names[i].clear();
  }
  fitted.height = fitted.rotated ? 1.3 * m + widest * sine() : 1.9 * m;
  for (std::size_t i = 0; fitted.rotated && i < names.size(); ++i) {
    fitted.overhang =
        std::max(fitted.overhang, widths[i] * cosine() - 0.4 * m - (double(i) + 0.5) * slot);
  }
  return fitted;
}

void draw_names(const Pen& pen, const Box& plot, const SlotNames& fitted) {
  const double m = pen.font_size, slot = plot.w / double(fitted.names.size());
  for (std::size_t i = 0; i < fitted.names.size(); ++i) {
    const double middle = plot.x + (double(i) + 0.5) * slot;
    if (fitted.rotated) {
      pen.canvas.text(fitted.names[i], {middle + 0.4 * m, plot.bottom() + 1.1 * m}, m,
                      pen.theme.text, Align::right, kRotation);
    } else {
      pen.canvas.text(fitted.names[i], {middle, plot.bottom() + 1.4 * m}, m, pen.theme.text,
                      Align::centre);
    }
  }
}

Frame draw_frame(const Pen& pen, const Box& area, const Categories& x, const Axis& y, Range in_y) {
  const double m = pen.font_size;
  const double min_slot = 0.5 * m;
  Categories shown = x;
  const auto room = static_cast<std::size_t>(std::max(1.0, (area.w - 6 * m) / min_slot));
  if (shown.names.size() > room) {
    shown.names.resize(room);
    shown.title +=
        " (the first " + std::to_string(room) + " of " + std::to_string(x.names.size()) + ")";
  }
  Box plot{area.x, area.y + 1.2 * m, area.w - 0.5 * m, area.h};
  const double slot = (plot.w - kTickWidth * m) / double(shown.names.size());
  const SlotNames names = fit_names(pen, shown.names, slot);
  const double left = std::max(0.0, names.overhang - kTickWidth * m);
  plot.x += left;
  plot.w -= left;
  plot.h -= 1.2 * m + names.height + 1.6 * m;
  const Ticks ticks = make_ticks(y, in_y, ticks_along(pen, plot.h, 3.2));
  plot = draw_y(pen, plot, y, ticks);
  draw_names(pen, plot, names);
  draw_base_line(pen, plot);
  draw_x_title(pen, area, plot, shown.title);
  return {plot, {0, double(shown.names.size())}, ticks.range};
}

Box draw_legend(const Pen& pen, const Box& area, const std::vector<LegendEntry>& entries) {
  const double m = pen.font_size, mark = 1.6 * m, row = 1.55 * m;
  double x = area.x + m, y = area.y + m;
  for (const LegendEntry& entry : entries) {
    const std::string name = pen.canvas.truncated(entry.name, m, area.w - mark - 2 * m);
    const double width = mark + 0.5 * m + pen.canvas.text_width(name, m) + 1.6 * m;
    if (x > area.x + m && x + width > area.right() + 1.6 * m) {
      x = area.x + m;
      y += row;
    }
    if (entry.block) {
      pen.canvas.fill({x + 0.5 * m, y - 0.8 * m, m, 0.9 * m}, entry.colour);
    } else {
      const CurvePoint line[] = {{x, y - 0.35 * m}, {x + mark, y - 0.35 * m}};
      pen.canvas.path(line, entry.colour, 0.18 * m, entry.dashed);
    }
    pen.canvas.text(name, {x + mark + 0.4 * m, y}, m, pen.theme.text);
    x += width;
  }
  const double used = entries.empty() ? 0 : y + 0.8 * m - area.y;
  return {area.x, area.y + used, area.w, area.h - used};
}

}  // namespace fovea::server
