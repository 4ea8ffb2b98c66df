#pragma once

#include <string>

#include "server/http/server.h"

namespace fovea::server {

// The log on stderr, one line per event, as text or JSON. start_log() must be called first; the
// other functions may then be called from any thread. Only log.cpp includes spdlog.
void start_log(const std::string& level, const std::string& format);

void log_access(const Access& access);  // level info; warn if the status is 500 or more
void log_info(const std::string& text);
void log_error(const std::string& text);

}  // namespace fovea::server
