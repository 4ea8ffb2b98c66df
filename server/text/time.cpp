#include "server/text/time.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <fmt/core.h>

namespace fovea::server {

std::string iso_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(time - floor<seconds>(time)).count();
  return format_utc("%Y-%m-%dT%H:%M:%S", time) + fmt::format(".{:03}Z", ms);
}

std::string iso_seconds(std::chrono::system_clock::time_point time) {
  return format_utc("%Y-%m-%dT%H:%M:%SZ", time);
}

std::string format_utc(const char* format, std::chrono::system_clock::time_point time) {
  // floor(), because to_time_t() may round up.
  const std::time_t stamp =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm utc{};
  gmtime_r(&stamp, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &utc)};
}

std::optional<std::chrono::system_clock::time_point> parse_iso_time(std::string_view text) {
  using namespace std::chrono;
  // 9 stands for any digit.
  constexpr std::string_view kForm = "9999-99-99T99:99:99";
  const bool day_only = text.size() == 10;
  if (!day_only && (text.size() < 20 || text.back() != 'Z')) return std::nullopt;
  for (std::size_t i = 0; i < (day_only ? 10 : kForm.size()); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '9' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  const year_month_day date{year(number(0, 4)), month(unsigned(number(5, 2))),
                            day(unsigned(number(8, 2)))};
  if (!date.ok()) return std::nullopt;
  // system_clock counts nanoseconds and ends in 2262. Times beyond its range are clamped to it.
  using Micros = sys_time<microseconds>;
  constexpr Micros kFirst = ceil<microseconds>(system_clock::time_point::min());
  constexpr Micros kLast = floor<microseconds>(system_clock::time_point::max());
  Micros time = sys_days(date);
  if (day_only) return std::clamp(time, kFirst, kLast);
  if (number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) return std::nullopt;
  time += hours(number(11, 2)) + minutes(number(14, 2)) + seconds(number(17, 2));
  std::string_view fraction = text.substr(19, text.size() - 20);
  if (fraction.empty()) return std::clamp(time, kFirst, kLast);
  if (fraction[0] != '.' || fraction.size() < 2 || fraction.size() > 7) return std::nullopt;
  int micros = 0;
  const auto [end, error] =
      std::from_chars(fraction.data() + 1, fraction.data() + fraction.size(), micros);
  if (error != std::errc() || end != fraction.data() + fraction.size() || micros < 0) {
    return std::nullopt;
  }
  for (std::size_t i = fraction.size(); i < 7; ++i) micros *= 10;
  return std::clamp(time + microseconds(micros), kFirst, kLast);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace fovea::server
