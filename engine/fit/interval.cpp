#include "engine/fit/interval.h"

#include <algorithm>
#include <cmath>

#include "engine/core/text.h"

namespace fovea {

std::string interval_text(const Interval& interval) {
  return "95 % interval " + format_percent(interval.low) + " to " + format_percent(interval.high);
}

double normal_quantile(double alpha) {
  if (alpha == 0.05) return 1.959963984540054;  // the usual one, without the search
  // P(|Z| > z) = erfc(z / sqrt(2)) falls with z. 60 halvings of [0, 40] reach the precision of a
  // double.
  double low = 0, high = 40;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) > alpha ? low : high) = middle;
  }
  return (low + high) / 2;
}

Interval wilson_interval(std::int64_t hits, std::int64_t count, double alpha) {
  if (count == 0) return {0, 1};
  const double z = normal_quantile(alpha);
  const auto n = static_cast<double>(count);
  const double fraction = static_cast<double>(hits) / n;
  const double centre = (fraction + z * z / (2 * n)) / (1 + z * z / n);
  const double half =
      z / (1 + z * z / n) * std::sqrt(fraction * (1 - fraction) / n + z * z / (4 * n * n));
  // Exactly the fraction at the ends, where rounding would leave 1e-17.
  return {hits == 0 ? 0 : std::max(0.0, centre - half),
          hits == count ? 1 : std::min(1.0, centre + half)};
}

Interval paired_change_interval(std::int64_t lost, std::int64_t won, std::int64_t count,
                                double alpha) {
  if (count == 0) return {-1, 1};
  // With half an image added to each cell: d = (won - lost) / n, and
  // d +- z sqrt(won + lost - (won - lost)^2 / n) / n.
  const double n = static_cast<double>(count) + 2;
  const double l = static_cast<double>(lost) + 0.5, w = static_cast<double>(won) + 0.5;
  const double centre = (w - l) / n;
  const double half =
      normal_quantile(alpha) * std::sqrt(std::max(l + w - (w - l) * (w - l) / n, 0.0)) / n;
  return {std::max(centre - half, -1.0), std::min(centre + half, 1.0)};
}

Interval difference_interval(double before, const Interval& before_interval, double after,
                             const Interval& after_interval) {
  const double change = after - before;
  return {change - std::hypot(after - after_interval.low, before_interval.high - before),
          change + std::hypot(after_interval.high - after, before - before_interval.low)};
}

}  // namespace fovea
