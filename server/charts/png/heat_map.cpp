#include <algorithm>
#include <cmath>

#include "server/charts/png/frame.h"
#include "server/charts/png/panels.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

// Cells are shaded by their fraction of the row, so that small classes are shaded like large ones.
struct Shades {
  std::vector<double> rows;  // sums
  double largest_wrong = 0;  // largest fraction off the diagonal

  explicit Shades(const HeatMap& map) {
    for (std::size_t r = 0; r < map.values.size(); ++r) {
      double sum = 0;
      for (const double value : map.values[r]) sum += value;
      rows.push_back(sum);
      for (std::size_t c = 0; c < map.values[r].size(); ++c) {
        if (c != r) largest_wrong = std::max(largest_wrong, fraction(map, r, c));
      }
    }
  }
  double fraction(const HeatMap& map, std::size_t r, std::size_t c) const {
    return rows[r] > 0 ? map.values[r][c] / rows[r] : 0;
  }
};

// Luma (ITU-R BT.601).
double brightness(Colour c) {
  return 0.299 * c.r + 0.587 * c.g + 0.114 * c.b;
}

void draw_cell(const Pen& pen, const Box& cell, Colour colour, double value) {
  pen.canvas.fill(cell, colour);
  const double size = std::min(pen.font_size, 0.45 * cell.h);
  if (value == 0 || size < 6) return;
  const std::string text = counted(std::llround(value));
  if (pen.canvas.text_width(text, size) > 0.92 * cell.w) return;
  pen.canvas.text(text, {cell.x + cell.w / 2, cell.y + cell.h / 2 + 0.36 * size}, size,
                  brightness(colour) > 0.5 ? rgb(0x14181d) : rgb(0xffffff), Align::centre);
}

std::string row_name(const HeatMap& map, const Shades& shades, std::size_t r) {
  return map.names[r] + " (" + counted(std::llround(shades.rows[r])) + ")";
}

void draw_cells(const Pen& pen, const Box& plot, const HeatMap& map, const Shades& shades,
                std::size_t shown) {
  const double w = plot.w / double(shown), h = plot.h / double(shown);
  const double gap = std::min(w, h) > 6 ? 1 : 0;
  for (std::size_t r = 0; r < shown; ++r) {
    for (std::size_t c = 0; c < shown; ++c) {
      const double fraction = shades.fraction(map, r, c);
      const double scaled =
          r == c ? fraction : (shades.largest_wrong > 0 ? fraction / shades.largest_wrong : 0);
      const Colour colour = mixed(mixed(pen.theme.background, pen.theme.grid, 0.5),
                                  r == c ? pen.theme.correct : pen.theme.wrong, scaled);
      draw_cell(pen, {plot.x + double(c) * w, plot.y + double(r) * h, w - gap, h - gap}, colour,
                map.values[r][c]);
    }
  }
}

void draw_row_names(const Pen& pen, const Box& plot, const HeatMap& map, const Shades& shades,
                    std::size_t shown, double room) {
  const double m = pen.font_size, h = plot.h / double(shown);
  const auto every = static_cast<std::size_t>(std::ceil(1.15 * m / h));
  for (std::size_t r = 0; r < shown; r += every) {
    const std::string name = pen.canvas.truncated(row_name(map, shades, r), m, room);
    pen.canvas.text(name, {plot.x - 0.5 * m, plot.y + (double(r) + 0.5) * h + 0.36 * m}, m,
                    pen.theme.text, Align::right);
  }
}

double widest_row_name(const Pen& pen, const HeatMap& map, const Shades& shades) {
  double widest = 0;
  for (std::size_t r = 0; r < map.names.size(); ++r) {
    widest = std::max(widest, pen.canvas.text_width(row_name(map, shades, r), pen.font_size));
  }
  return widest;
}

}  // namespace

void draw_panel(const Pen& pen, const Box& area, const HeatMap& map) {
  const double m = pen.font_size;
  const Shades shades(map);
  const std::vector<LegendEntry> legend = {
      {"correct (fraction of the row)", pen.theme.correct, false, true},
      {"wrong (darkest: " + percent(shades.largest_wrong) + " of the row)", pen.theme.wrong, false,
       true}};
  const Box rest = draw_legend(pen, area, legend);
  const double names_w = std::min(widest_row_name(pen, map, shades), 0.25 * rest.w);
  const double left = names_w + 2.6 * m;
  Box plot{rest.x + left, rest.y + 0.3 * m, rest.w - left - 0.5 * m, rest.h};
  const auto room = static_cast<std::size_t>(std::max(1.0, std::min(plot.w, plot.h) / 3));
  const std::size_t shown = std::min(map.names.size(), room);
  const std::vector<std::string> names(map.names.begin(),
                                       map.names.begin() + std::ptrdiff_t(shown));
  const SlotNames columns = fit_names(pen, names, plot.w / double(shown));
  plot.h -= 0.3 * m + columns.height + 1.6 * m;
  if (plot.h < 4 * m || plot.w < 4 * m || shown == 0) return;
  draw_cells(pen, plot, map, shades, shown);
  draw_row_names(pen, plot, map, shades, shown, names_w);
  draw_names(pen, plot, columns);
  const std::string note =
      shown < map.names.size()
          ? " (the first " + std::to_string(shown) + " of " + std::to_string(map.names.size()) + ")"
          : "";
  pen.canvas.text(map.x_title + note, {plot.x + plot.w / 2, rest.bottom() - 0.3 * m}, m,
                  pen.theme.muted, Align::centre);
  pen.canvas.text(map.y_title + " (images)", {rest.x + m, plot.y + plot.h / 2}, m, pen.theme.muted,
                  Align::centre, 90);
}

}  // namespace fovea::server
