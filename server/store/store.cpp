#include "server/store/store.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/store/files.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

namespace fs = std::filesystem;

fs::path database_file(const fs::path& data_dir) {
  return data_dir / "fovea.db";
}

std::string missing_records(const fs::path& data_dir) {
  const fs::path file = database_file(data_dir);
  std::error_code error;
  const bool exists = fs::exists(file, error);
  if (exists && fs::file_size(file, error) > 0) return {};
  if (Files(data_dir / "files").list().empty()) return {};
  return fmt::format("{} is {} although {} has models or images", file.string(),
                     exists ? "empty" : "missing", (data_dir / "files").string());
}

std::unique_ptr<Store> open_store(const std::filesystem::path& data_dir,
                                  const std::string& database_url, const HistoryLimits& history,
                                  const std::string& schema) {
  if (database_url.empty()) {
    if (const std::string lost = missing_records(data_dir); !lost.empty()) {
      throw IoError(lost +
                    "; restore a backup (fovea restore), give --database if the records are in "
                    "PostgreSQL, or register the model files again: fovea data repair");
    }
    return open_sqlite_store(database_file(data_dir), history);
  }
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
