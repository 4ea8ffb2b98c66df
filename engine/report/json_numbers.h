#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/fit/interval.h"
#include "engine/model/json.h"

namespace fovea {

// The numbers of evaluation documents, for the sources of engine/report.

// Five decimals are more than the number of images justifies, and keep the document small. NaN and
// infinity become null.
inline Json rounded(double x) {
  if (!std::isfinite(x)) return nullptr;
  return std::round(x * 1e5) / 1e5;
}
inline Json rounded(const Interval& interval) {
  return {rounded(interval.low), rounded(interval.high)};
}
template <typename List>
Json rounded_list(const List& values) {
  Json list = Json::array();
  for (const double x : values) list.push_back(rounded(x));
  return list;
}

// Reading throws FormatError when a number is out of its range.
inline double read_fraction(const JsonReader& json) {
  return json.number(0, 1);
}
inline double read_number(const JsonReader& json) {
  constexpr double kMax = 1e9;  // far above any real loss or epoch
  return json.number(-kMax, kMax);
}
inline std::int64_t read_count(const JsonReader& json) {
  constexpr std::int64_t kMax = 1'000'000'000'000;  // sums of counts stay far from overflow
  return json.integer(0, kMax);
}
inline double read_fraction_or_nan(const JsonReader& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : read_fraction(json);
}
inline double read_number_or_nan(const JsonReader& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : read_number(json);
}

}  // namespace fovea
