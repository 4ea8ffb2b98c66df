#include "server/store/sqlite_version_store.h"

#include <limits>

#include "server/store/sqlite_audit_log.h"
#include "server/store/time_columns.h"

namespace fovea::server {
namespace {

constexpr const char* kSelect =
    "SELECT number, model_sha256, weights_sha256, features_sha256, manifest, created, removed "
    "FROM versions ";

StoredVersion read_row(SQLite::Statement& row) {
  StoredVersion version;
  version.number = row.getColumn(0).getInt();
  version.model_sha256 = row.getColumn(1).getString();
  version.weights_sha256 = row.getColumn(2).getString();
  if (!row.getColumn(3).isNull()) version.features_sha256 = row.getColumn(3).getString();
  version.manifest = row.getColumn(4).getString();
  version.created = from_sql(row.getColumn(5).getInt64());
  if (!row.getColumn(6).isNull()) version.removed = from_sql(row.getColumn(6).getInt64());
  return version;
}

std::vector<StoredVersion> read_rows(SQLite::Statement& select) {
  std::vector<StoredVersion> versions;
  while (select.executeStep()) versions.push_back(read_row(select));
  return versions;
}

}  // namespace

int SqliteVersionStore::add(const StoredVersion& version, AuditEntry entry) {
  return database_.write([&](SQLite::Database& database) {
    SQLite::Statement insert(database,
                             "INSERT INTO versions(model_sha256, weights_sha256, features_sha256, "
                             "manifest, created) VALUES(?, ?, ?, ?, ?)");
    insert.bind(1, version.model_sha256);
    insert.bind(2, version.weights_sha256);
    if (version.features_sha256) insert.bind(3, *version.features_sha256);
    insert.bind(4, version.manifest);
    insert.bind(5, to_sql(version.created));
    insert.exec();
    const int number = static_cast<int>(database.getLastInsertRowid());
    entry.subject = "version " + std::to_string(number);
    append_audit(database, entry);
    return number;
  });
}

void SqliteVersionStore::move(const std::map<std::string, std::optional<int>>& aliases,
                              const AuditEntry& entry) {
  database_.write([&](SQLite::Database& database) {
    for (const auto& [name, number] : aliases) {
      SQLite::Statement change(database,
                               number ? "INSERT INTO aliases(name, version) VALUES(?, ?) "
                                        "ON CONFLICT(name) DO UPDATE SET version = excluded.version"
                                      : "DELETE FROM aliases WHERE name = ?");
      change.bind(1, name);
      if (number) change.bind(2, *number);
      change.exec();
    }
    append_audit(database, entry);
  });
}

void SqliteVersionStore::mark_removed(int number, const AuditEntry& entry) {
  database_.write([&](SQLite::Database& database) {
    SQLite::Statement update(database, "UPDATE versions SET removed = ? WHERE number = ?");
    update.bind(1, to_sql(std::chrono::system_clock::now()));
    update.bind(2, number);
    update.exec();
    append_audit(database, entry);
  });
}

std::optional<StoredVersion> SqliteVersionStore::find(int number) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database, std::string(kSelect) + "WHERE number = ?");
    select.bind(1, number);
    return select.executeStep() ? std::optional(read_row(select)) : std::nullopt;
  });
}

std::vector<StoredVersion> SqliteVersionStore::newest(int limit, int before) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(
        database, std::string(kSelect) + "WHERE number < ? ORDER BY number DESC LIMIT ?");
    select.bind(1, before > 0 ? before : std::numeric_limits<int>::max());
    select.bind(2, limit);
    return read_rows(select);
  });
}

std::vector<StoredVersion> SqliteVersionStore::with_files() {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database,
                             std::string(kSelect) + "WHERE removed IS NULL ORDER BY number DESC");
    return read_rows(select);
  });
}

int SqliteVersionStore::count() {
  return database_.read([](SQLite::Database& database) {
    return database.execAndGet("SELECT count(*) FROM versions").getInt();
  });
}

Aliases SqliteVersionStore::aliases() {
  return database_.read([](SQLite::Database& database) {
    SQLite::Statement select(database, "SELECT name, version FROM aliases");
    Aliases aliases;
    while (select.executeStep()) {
      aliases[select.getColumn(0).getString()] = select.getColumn(1).getInt();
    }
    return aliases;
  });
}

}  // namespace fovea::server
