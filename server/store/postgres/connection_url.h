#pragma once

#include <string>
#include <utility>
#include <vector>

namespace fovea::server::postgres {

// The parameters of a connection to PostgreSQL.
struct ConnectionUrl {
  std::vector<std::pair<std::string, std::string>> parameters;  // of libpq, with the password
  std::string target;                // for messages: database "fovea" at db.example:5432
  std::vector<std::string> secrets;  // what no message may contain
  std::string schema;                // that contains the tables; empty: the one of the session
};

// Reads postgres://user:password@host:port/name?option=value and adds defaults: timeouts to connect
// and of a silent connection, UTF-8. Throws ConfigError; its text contains no part of the URL.
// `schema` has only the characters a-z, 0-9 and '_'; ConfigError otherwise.
ConnectionUrl parse_url(const std::string& url, const std::string& schema = {});

// The text with every secret replaced by "***", on one line.
std::string without_secrets(const ConnectionUrl& url, std::string text);

}  // namespace fovea::server::postgres
