#include <algorithm>
#include <cmath>

#include "engine/image/resize.h"
#include "server/charts/png/panels.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::size_t kMaxCaptioned = 24;  // images with captions

// Draws the image, scaled to fit, in the centre of a square.
void draw_image(const Pen& pen, const Image& image, CurvePoint at, double side) {
  const double scale = side / std::max(image.width, image.height);
  const int w = std::max(1, static_cast<int>(image.width * scale));
  const int h = std::max(1, static_cast<int>(image.height * scale));
  pen.canvas.image(resize(image, w, h), {at.x + (side - w) / 2, at.y + (side - h) / 2});
}

std::vector<const ChartImage*> available_images(const ImageGroup& group) {
  std::vector<const ChartImage*> images;
  for (const ChartImage& image : group.images) {
    if (!image.url.empty()) images.push_back(&image);
  }
  return images;
}

struct Grid {
  std::size_t columns = 1;
  double side = 0;
};

// Arranges `count` cells so that their images are largest. A cell is a name, `across` square images
// side by side, and a caption below.
Grid best_grid(const Box& area, std::size_t count, double across, double name, double caption) {
  Grid best;
  for (std::size_t columns = 1; columns <= count; ++columns) {
    const double rows = std::ceil(double(count) / double(columns));
    const double side =
        std::min((area.w / double(columns) - name) / across, area.h / rows - caption);
    if (side > best.side) best = {columns, side};
  }
  return best;
}

// One row of images per group, after its name.
void draw_groups(const Pen& pen, const Box& area, const std::vector<ImageGroup>& groups,
                 const LoadImage& load) {
  const double m = pen.font_size;
  std::size_t most = 1;
  double name = 0;
  for (const ImageGroup& group : groups) {
    most = std::max(most, group.images.size());
    name = std::max(name, pen.canvas.text_width(group.name, m));
  }
  name = std::min(name, 0.2 * area.w) + 1.5 * m;
  const Grid grid = best_grid(area, groups.size(), double(most), name, 0);
  if (grid.side < 4) return;
  const double cell_w = area.w / double(grid.columns);
  const double rows = std::ceil(double(groups.size()) / double(grid.columns));
  const double side = grid.side, row_h = std::min(area.h / rows, side * 1.25);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::size_t column = g % grid.columns, row = g / grid.columns;
    const double x = area.x + cell_w * double(column), y = area.y + row_h * double(row);
    pen.canvas.text(pen.canvas.truncated(groups[g].name, m, name - m),
                    {x + name - 0.7 * m, y + side / 2 + 0.36 * m}, m, pen.theme.text, Align::right);
    double at = x + name;
    for (const ChartImage* shown : available_images(groups[g])) {
      if (const auto image = load(shown->sha256)) {
        draw_image(pen, *image, {at + 1, y + 1}, side - 2);
      }
      at += side;
    }
  }
}

// Images with the true class and the prediction below each.
void draw_captioned(const Pen& pen, const Box& area, const ImageGroup& group,
                    const LoadImage& load) {
  const double size = 0.9 * pen.font_size, caption = 4.1 * size;
  std::vector<const ChartImage*> images = available_images(group);
  if (images.size() > kMaxCaptioned) images.resize(kMaxCaptioned);
  const Grid grid = best_grid(area, images.size(), 1, 0.8 * size, caption);
  if (grid.side < 4) return;
  const double cell_w = area.w / double(grid.columns);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const ChartImage& shown = *images[i];
    const std::size_t column = i % grid.columns, row = i / grid.columns;
    const double x = area.x + cell_w * double(column);
    const double y = area.y + (grid.side + caption) * double(row);
    if (const auto image = load(shown.sha256)) {
      draw_image(pen, *image, {x + (cell_w - grid.side) / 2, y}, grid.side);
    }
    const double middle = x + cell_w / 2, below = y + grid.side + 1.1 * size;
    const auto line = [&](const std::string& text, double down, Colour colour) {
      pen.canvas.text(pen.canvas.truncated(text, size, cell_w - 0.4 * size), {middle, below + down},
                      size, colour, Align::centre);
    };
    line("true: " + shown.label, 0, pen.theme.text);
    line("predicted: " + shown.prediction, 1.15 * size, pen.theme.wrong);
    line("probability " + percent(shown.probability), 2.3 * size, pen.theme.muted);
  }
}

}  // namespace

void draw_panel(const Pen& pen, const Box& area, const ImageGrid& images, const LoadImage& load) {
  std::vector<ImageGroup> groups;
  for (const ImageGroup& group : images.groups) {
    if (!available_images(group).empty()) groups.push_back(group);
  }
  if (groups.empty()) return;
  if (groups.size() == 1 && groups[0].name.empty()) {
    draw_captioned(pen, area, groups[0], load);
  } else {
    draw_groups(pen, area, groups, load);
  }
}

}  // namespace fovea::server
