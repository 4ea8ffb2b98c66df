#include "server/api/time_text.h"

#include <cstdio>
#include <ctime>

namespace fovea::server {

std::string iso_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(time);
  const std::time_t stamp = system_clock::to_time_t(whole);
  std::tm utc{};
  gmtime_r(&stamp, &utc);
  char date[24];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char text[40];
  std::snprintf(text, sizeof text, "%s.%03dZ", date,
                static_cast<int>(duration_cast<milliseconds>(time - whole).count()));
  return text;
}

double seconds_since(std::chrono::system_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::system_clock::now() - start).count();
}

}  // namespace fovea::server
