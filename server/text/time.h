#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fovea::server {

std::string iso_time(std::chrono::system_clock::time_point time);     // "2026-01-31T12:00:00.123Z"
std::string iso_seconds(std::chrono::system_clock::time_point time);  // "2026-01-31T12:00:00Z"
// The time in UTC in a format of strftime.
std::string format_utc(const char* format, std::chrono::system_clock::time_point time);
// Reads "2026-01-31" and "2026-01-31T12:00:00Z", with up to six digits after the seconds. nullopt
// for other text.
std::optional<std::chrono::system_clock::time_point> parse_iso_time(std::string_view text);
double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace fovea::server
