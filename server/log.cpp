#include "server/log.h"

#include <fmt/core.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

bool json = false;  // set by start_log(), before other threads log

// Escapes text from a client, so that it cannot break the line or control the terminal.
std::string printable(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    safe += byte > 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return safe;
}

// A JSON object without its braces, which the pattern of the line has.
std::string members(const nlohmann::json& object) {
  const std::string text = object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

// A text may quote a name from a client, which must not forge further lines.
std::string one_line(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    safe += byte >= 0x20 && byte != 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return safe;
}

void log(spdlog::level::level_enum level, const std::string& text) {
  spdlog::log(level, "{}", json ? members({{"message", text}}) : one_line(text));
}

}  // namespace

void start_log(const std::string& level, const std::string& format) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") {
    throw ConfigError("unknown log level " + level);
  }
  json = format == "json";
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("fovea", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  spdlog::set_level(parsed);
  spdlog::set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                           : "%Y-%m-%dT%H:%M:%S.%eZ %-5!l %v",
                      spdlog::pattern_time_type::utc);
}

void log_access(const Access& access) {
  const auto level = access.status >= 500 ? spdlog::level::warn : spdlog::level::info;
  if (!spdlog::should_log(level)) return;
  if (json) {
    nlohmann::json line = {
        {"message", "request"},  {"id", access.id},       {"remote", access.remote},
        {"method", access.verb}, {"path", access.target}, {"status", access.status},
        {"bytes", access.bytes}, {"ms", access.ms},       {"actor", access.actor}};
    if (!access.trace.empty()) line["traceparent"] = access.trace;
    spdlog::log(level, "{}", members(line));
  } else {
    spdlog::log(level, "{} {} {} {} {} {}B {:.2f}ms", access.id, access.remote,
                printable(access.verb), printable(access.target), access.status, access.bytes,
                access.ms);
  }
}

void log_info(const std::string& text) {
  log(spdlog::level::info, text);
}
void log_error(const std::string& text) {
  log(spdlog::level::err, text);
}

}  // namespace fovea::server
