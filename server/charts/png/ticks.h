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

// The ticks of an axis and its range. Ticks are at round numbers: 1, 2, 2.5 or 5 times a power of
// ten, whole numbers for counts, minutes, hours or days for times.
struct Ticks {
  Range range;
  std::vector<Tick> marks;
};

// At most about `max_ticks` ticks for data in the range `data`. An axis with bounds spans them and
// the data; otherwise it starts and ends at a tick.
Ticks make_ticks(const Axis& axis, Range data, int max_ticks);

}  // namespace fovea::server
