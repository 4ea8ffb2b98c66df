#pragma once

#include "server/charts/png/draw_chart.h"
#include "server/charts/png/theme.h"

namespace fovea::server {

// Draw a panel into the area. A plot without enough room is omitted.
void draw_panel(const Pen& pen, const Box& area, const Bars& bars);
void draw_panel(const Pen& pen, const Box& area, const Histogram& histogram);
void draw_panel(const Pen& pen, const Box& area, const Curves& curves);
void draw_panel(const Pen& pen, const Box& area, const HeatMap& map);
void draw_panel(const Pen& pen, const Box& area, const ImageGrid& images, const LoadImage& load);

}  // namespace fovea::server
