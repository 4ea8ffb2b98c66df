#include "server/charts/chart.h"

#include "server/text/words.h"

#include <algorithm>

namespace fovea::server {

Bars empty_bars(const std::string& x_title, const Axis& y, const std::vector<std::string>& series) {
  Bars bars;
  bars.x_title = x_title;
  bars.y = y;
  for (const std::string& name : series) bars.series.push_back({name, {}});
  return bars;
}

std::string range_text(const Interval& interval) {
  return percent(interval.low) + " to " + percent(interval.high);
}

bool is_drawable(const Panel& panel) {
  const auto* images = std::get_if<ImageGrid>(&panel);
  if (!images) return true;
  return std::any_of(images->groups.begin(), images->groups.end(), [](const auto& group) {
    return std::any_of(group.images.begin(), group.images.end(),
                       [](const ChartImage& image) { return !image.url.empty(); });
  });
}

bool is_drawable(const Chart& chart) {
  return std::any_of(chart.panels.begin(), chart.panels.end(),
                     [](const Panel& panel) { return is_drawable(panel); });
}

}  // namespace fovea::server
