#include "server/insights/chart.h"

#include <algorithm>

namespace fovea::server {

Bars empty_bars(const std::string& x_title, const Axis& y, const std::vector<std::string>& series) {
  Bars bars;
  bars.x_title = x_title;
  bars.y = y;
  for (const std::string& name : series) bars.series.push_back({name, {}});
  return bars;
}

bool is_drawable(const Panel& panel) {
  const auto* pictures = std::get_if<Pictures>(&panel);
  if (!pictures) return true;
  return std::any_of(pictures->groups.begin(), pictures->groups.end(), [](const auto& group) {
    return std::any_of(group.pictures.begin(), group.pictures.end(),
                       [](const ShownPicture& picture) { return picture.at_hand; });
  });
}

bool is_drawable(const Chart& chart) {
  return std::any_of(chart.panels.begin(), chart.panels.end(),
                     [](const Panel& panel) { return is_drawable(panel); });
}

}  // namespace fovea::server
