#pragma once

#include <string>
#include <vector>

#include "server/charts/chart.h"

namespace fovea::server {

struct Range {
  double low = 0, high = 0;
};

struct Tick {
  double at = 0;
  std::string label;
};

// Where an axis is marked and how far it reaches then: at round numbers (1, 2, 2.5 or 5 times a
// power of ten; whole ones for counts; minutes, hours and days for times), `most` of them or fewer.
struct Ticks {
  Range range;
  std::vector<Tick> marks;
};

// The data lies within `data`. Where the axis has bounds it goes from one to the other, or as far
// as the data; else from mark to mark.
Ticks make_ticks(const Axis& axis, Range data, int most);

}  // namespace fovea::server
