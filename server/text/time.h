#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fovea::server {

// UTC: "2026-01-31T12:00:00.123Z", "2026-01-31T12:00:00Z".
std::string iso_time(std::chrono::system_clock::time_point time);
std::string format_utc(const char* form, std::chrono::system_clock::time_point time);  // strftime
std::string iso_seconds(std::chrono::system_clock::time_point time);
// "2026-01-31", "2026-01-31T12:00:00Z" or with a fraction of a second; nothing for other text.
std::optional<std::chrono::system_clock::time_point> parse_iso_time(std::string_view text);
double seconds_since(std::chrono::system_clock::time_point start);

}  // namespace fovea::server
