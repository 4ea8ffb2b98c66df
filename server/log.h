#pragma once

#include <string>

#include "server/http/server.h"

namespace fovea::server {

// The log on stderr: one line an event, as text or as JSON. Set up once before use, then any
// thread. Nothing else in the server includes spdlog.
void start_log(const std::string& level, const std::string& format);

void log_access(const Access& access);  // info; warn from status 500
void log_info(const std::string& text);
void log_error(const std::string& text);

}  // namespace fovea::server
