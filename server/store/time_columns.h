#pragma once

#include <chrono>
#include <cstdint>

namespace fovea::server {

// Times in the tables: microseconds since 1970, UTC.
inline std::int64_t to_sql(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
inline std::chrono::system_clock::time_point from_sql(std::int64_t microseconds) {
  return std::chrono::system_clock::time_point(std::chrono::microseconds(microseconds));
}

}  // namespace fovea::server
