#pragma once

#include <chrono>
#include <string>

namespace fovea::server {

std::string iso_time(std::chrono::system_clock::time_point time);  // "2026-01-31T12:00:00.123Z"
double seconds_since(std::chrono::system_clock::time_point start);

}  // namespace fovea::server
