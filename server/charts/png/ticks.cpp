#include "server/charts/png/ticks.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr double kMinute = 60, kHour = 3600, kDay = 86400;

// The smallest round step that needs at most that many ticks.
double round_step(double span, int max_ticks, Unit unit) {
  const double min_step = span / max_ticks;
  const double power = std::pow(10, std::floor(std::log10(min_step)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    const double step = factor * power;
    if (unit == Unit::count && step != std::floor(step)) continue;
    if (step >= min_step * (1 - 1e-9)) return step;
  }
  return std::max(1.0, 10 * power);
}

std::string number_label(double value, double step, Unit unit) {
  if (unit == Unit::fraction) {
    value *= 100;
    step *= 100;
  }
  int digits = 0;
  for (double s = step; digits < 6 && std::abs(s - std::round(s)) > 1e-6; s *= 10) ++digits;
  const std::string text = digits == 0 && std::abs(value) < 1e15
                               ? counted(std::llround(value))
                               : fixed(value == 0 ? 0 : value, digits);
  return unit == Unit::fraction ? text + " %" : text;
}

Ticks number_ticks(Range data, int max_ticks, Unit unit) {
  const double step = round_step(data.high - data.low, max_ticks, unit);
  const double first = std::floor(data.low / step + 1e-9);
  const double last = std::max(first + 1, std::ceil(data.high / step - 1e-9));
  Ticks ticks{{first * step, last * step}, {}};
  for (int i = 0; i <= max_ticks + 1 && first + i <= last; ++i) {
    const double at = (first + i) * step;
    ticks.marks.push_back({at, number_label(at, step, unit)});
  }
  return ticks;
}

// The date or the time of "2026-01-31T14:30:00.000Z", whichever the step needs.
std::string time_label(double at, double step) {
  const std::string text = iso_time(std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::duration<double>(at))));
  if (step >= kDay || std::fmod(at, kDay) == 0) return text.substr(0, 10);
  return text.substr(11, 5);
}

Ticks time_ticks(Range data, int max_ticks) {
  constexpr double kSteps[] = {kMinute,     5 * kMinute, 15 * kMinute, 30 * kMinute, kHour,
                               3 * kHour,   6 * kHour,   12 * kHour,   kDay,         2 * kDay,
                               7 * kDay,    14 * kDay,   30 * kDay,    90 * kDay,    365 * kDay,
                               1825 * kDay, 7300 * kDay};
  double step = kSteps[0];
  for (const double candidate : kSteps) {
    step = candidate;
    if ((data.high - data.low) / step <= max_ticks) break;
  }
  Ticks ticks{data, {}};
  for (double at = std::ceil(data.low / step) * step; at <= data.high; at += step) {
    ticks.marks.push_back({at, time_label(at, step)});
  }
  return ticks;
}

}  // namespace

Ticks make_ticks(const Axis& axis, Range data, int max_ticks) {
  const bool bounded = axis.low < axis.high;
  if (bounded) data = {std::min(data.low, axis.low), std::max(data.high, axis.high)};
  if (!(data.low < data.high)) {
    // All values are equal: widen the range around them.
    const double around = axis.unit == Unit::time    ? kMinute
                          : axis.unit == Unit::count ? 1
                          : data.low == 0            ? 1
                                                     : std::abs(data.low) / 2;
    data = {data.low - (data.low == 0 ? 0 : around), data.low + around};
  }
  max_ticks = std::max(2, max_ticks);
  Ticks ticks = axis.unit == Unit::time ? time_ticks(data, max_ticks)
                                        : number_ticks(data, max_ticks, axis.unit);
  if (bounded) {  // the axis ends at its bounds, which need not be ticks
    ticks.range = data;
    std::erase_if(ticks.marks,
                  [&](const Tick& mark) { return mark.at < data.low || mark.at > data.high; });
  }
  return ticks;
}

}  // namespace fovea::server
