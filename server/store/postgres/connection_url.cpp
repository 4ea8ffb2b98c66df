#include "server/store/postgres/connection_url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "engine/core/error.h"

namespace fovea::server::postgres {
namespace {

// Unless the URL sets them. Seconds, except for tcp_user_timeout: milliseconds. A connection whose
// peer is silent is closed after 25 s.
constexpr std::pair<const char*, const char*> kDefaults[] = {
    {"connect_timeout", "5"},      {"keepalives_idle", "10"},     {"keepalives_interval", "5"},
    {"keepalives_count", "3"},     {"tcp_user_timeout", "15000"}, {"client_encoding", "UTF8"},
    {"application_name", "fovea"},
};

const std::string* find(const ConnectionUrl& url, const std::string& name) {
  const auto found = std::find_if(url.parameters.begin(), url.parameters.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == url.parameters.end() ? nullptr : &found->second;
}

std::string describe(const ConnectionUrl& url) {
  const auto value = [&](const char* name, const char* other) {
    const std::string* found = find(url, name);
    return found && !found->empty() ? *found : std::string(other);
  };
  std::string host = value("host", value("hostaddr", "localhost").c_str());
  if (host.front() != '/') host += ":" + value("port", "5432");
  return fmt::format("database \"{}\" at {}", value("dbname", value("user", "").c_str()), host);
}

}  // namespace

ConnectionUrl parse_url(const std::string& url, const std::string& schema) {
  constexpr const char* kForm = "expected postgres://user:password@host:port/name?sslmode=...";
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://")) {
    throw ConfigError(fmt::format("the database URL does not start with postgres://; {}", kForm));
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(url.c_str(), &message), PQconninfoFree);
  if (!options) {
    std::string reason = message ? message : "out of memory";
    PQfreemem(message);
    // The text in quotes at its end is part of the URL, possibly of the password.
    reason = reason.substr(0, reason.find(": \""));
    while (!reason.empty() && reason.back() == '\n') reason.pop_back();
    throw ConfigError(fmt::format("the database URL is malformed: {}; {}", reason, kForm));
  }
  const bool plain = std::all_of(schema.begin(), schema.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!plain) throw ConfigError(fmt::format("\"{}\" is not the name of a schema", schema));
  ConnectionUrl parsed;
  parsed.schema = schema;
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    parsed.parameters.emplace_back(option->keyword, option->val);
    const std::string_view name = option->keyword;
    if ((name == "password" || name == "sslpassword") && *option->val) {
      parsed.secrets.emplace_back(option->val);
    }
  }
  parsed.target = describe(parsed);
  for (const auto& [name, value] : kDefaults) {
    if (!find(parsed, name)) parsed.parameters.emplace_back(name, value);
  }
  return parsed;
}

std::string without_secrets(const ConnectionUrl& url, std::string text) {
  for (const std::string& secret : url.secrets) {
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
      text.replace(at, secret.size(), "***");
    }
  }
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == '\t' || c == ' ';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace fovea::server::postgres
