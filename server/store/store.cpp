#include "server/store/store.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/store/prediction_store.h"

namespace fovea::server {

std::unique_ptr<Store> open_store(const std::filesystem::path& data_dir,
                                  const std::string& database_url, const HistoryLimits& history,
                                  const std::string& schema) {
  if (database_url.empty()) return open_sqlite_store(data_dir / "fovea.db", history);
  return open_postgres_store(database_url, history, schema);
}

void check_notification(const std::string& kind, const std::string& payload) {
  const bool valid =
      !kind.empty() && kind.size() <= 60 && std::all_of(kind.begin(), kind.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
      });
  if (!valid) {
    throw ConfigError(fmt::format(
        "\"{}\" is not the kind of a notification: 1 to 60 characters of a-z, 0-9, _, - and .",
        kind));
  }
  if (payload.size() > kMaxNotification) {
    throw ConfigError(
        fmt::format("the payload of notification \"{}\" has {} bytes; up to {} are "
                    "supported",
                    kind, payload.size(), kMaxNotification));
  }
}

}  // namespace fovea::server
