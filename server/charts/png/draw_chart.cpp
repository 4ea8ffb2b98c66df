#include "server/charts/png/draw_chart.h"

#include <algorithm>
#include <mutex>
#include <sstream>

#include "server/charts/png/panels.h"

namespace fovea::server {
namespace {

std::mutex drawing;  // the font is shared; also bounds the memory in use

// Splits the text at spaces, except between a number and its unit.
std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  std::string word;
  while (stream >> word) {
    const bool unit = word[0] == '%' || word.substr(0, 2) == "ms";
    if (unit && !words.empty()) {
      words.back() += " " + word;
    } else {
      words.push_back(word);
    }
  }
  return words;
}

// Wraps the text into at most `max_lines` lines; the last one is truncated with "...".
std::vector<std::string> wrapped(Canvas& canvas, const std::string& text, double size, double width,
                                 std::size_t max_lines) {
  std::vector<std::string> lines;
  std::string line;
  for (const std::string& word : words_of(text)) {
    const std::string longer = line.empty() ? word : line + " " + word;
    if (lines.size() + 1 == max_lines || line.empty() || canvas.text_width(longer, size) <= width) {
      line = longer;  // the last line takes the rest and is truncated
    } else {
      lines.push_back(line);
      line = word;
    }
  }
  if (!line.empty()) lines.push_back(line);
  for (std::string& wrapped_line : lines) {
    wrapped_line = canvas.truncated(wrapped_line, size, width);
  }
  return lines;
}

// Draws title and sentence at the top and the footer at the bottom; returns the area between them.
Box draw_heading(const Pen& pen, const Heading& heading, Box area) {
  const double m = pen.font_size;
  Canvas& canvas = pen.canvas;
  double y = area.y + 1.6 * m;
  canvas.text(canvas.truncated(heading.title, 1.7 * m, area.w), {area.x, y}, 1.7 * m,
              pen.theme.text);
  y += 0.5 * m;
  for (const auto& line : wrapped(canvas, heading.sentence, 1.05 * m, area.w, 4)) {
    y += 1.5 * m;
    canvas.text(line, {area.x, y}, 1.05 * m, pen.theme.text);
  }
  y += 1.2 * m;
  const auto footer = wrapped(canvas, heading.footer, 0.85 * m, area.w, 3);
  const double footer_top = area.bottom() - 1.2 * m * double(footer.size());
  for (std::size_t i = 0; i < footer.size(); ++i) {
    canvas.text(footer[i], {area.x, footer_top + 1.2 * m * double(i + 1) - 0.2 * m}, 0.85 * m,
                pen.theme.muted);
  }
  return {area.x, y, area.w, footer_top - 0.7 * m - y};
}

// The area of a panel: side by side all have the same width; one below the other the first takes
// two thirds of the height.
Box panel_area(const Box& area, std::size_t number, std::size_t count, bool side_by_side,
               double gap) {
  if (count == 1) return area;
  if (side_by_side) {
    const double w = (area.w - gap * double(count - 1)) / double(count);
    return {area.x + double(number) * (w + gap), area.y, w, area.h};
  }
  const double first = 0.64 * (area.h - gap);
  if (number == 0) return {area.x, area.y, area.w, first};
  const double h = (area.h - first - gap * double(count - 1)) / double(count - 1);
  return {area.x, area.y + first + gap + double(number - 1) * (h + gap), area.w, h};
}

}  // namespace

std::string draw_chart(const Chart& chart, const Heading& heading, const DrawingSize& size,
                       const LoadImage& load) {
  const std::lock_guard lock(drawing);
  const Theme& theme = size.dark ? kDark : kLight;
  Canvas canvas(size.width, size.height, theme.background);
  const double scale = std::min(size.width / 960.0, size.height / 640.0);
  const Pen pen{canvas, theme, 12.5 * std::clamp(scale, 0.65, 2.5)};
  const double margin = 1.5 * pen.font_size;
  const Box area = draw_heading(
      pen, heading, {margin, margin / 2, size.width - 2 * margin, size.height - margin});
  std::vector<const Panel*> panels;
  for (const Panel& panel : chart.panels) {
    if (chart.alternatives && !panels.empty()) break;
    if (is_drawable(panel)) panels.push_back(&panel);
  }
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const Box box = panel_area(area, i, panels.size(), chart.side_by_side, 1.5 * pen.font_size);
    std::visit(
        [&](const auto& panel) {
          if constexpr (std::is_same_v<std::decay_t<decltype(panel)>, ImageGrid>) {
            draw_panel(pen, box, panel, load);
          } else {
            draw_panel(pen, box, panel);
          }
        },
        *panels[i]);
  }
  return canvas.png();
}

}  // namespace fovea::server
