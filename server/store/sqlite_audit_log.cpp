#include "server/store/sqlite_audit_log.h"

#include <limits>

#include "server/store/time_columns.h"

namespace fovea::server {

void append_audit(SQLite::Database& database, const AuditEntry& entry) {
  const auto time = entry.time == std::chrono::system_clock::time_point()
                        ? std::chrono::system_clock::now()
                        : entry.time;
  SQLite::Statement insert(
      database, "INSERT INTO audit(time, actor, action, subject, detail) VALUES(?, ?, ?, ?, ?)");
  insert.bind(1, to_sql(time));
  insert.bind(2, entry.actor);
  insert.bind(3, entry.action);
  insert.bind(4, entry.subject);
  insert.bind(5, entry.detail.empty() ? "{}" : entry.detail);
  insert.exec();
}

void SqliteAuditLog::append(const AuditEntry& entry) {
  database_.write([&](SQLite::Database& database) { append_audit(database, entry); });
}

std::vector<AuditEntry> SqliteAuditLog::newest(int limit, std::int64_t before) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database,
                             "SELECT id, time, actor, action, subject, detail FROM audit "
                             "WHERE id < ? ORDER BY id DESC LIMIT ?");
    select.bind(1, before > 0 ? before : std::numeric_limits<std::int64_t>::max());
    select.bind(2, limit);
    std::vector<AuditEntry> entries;
    while (select.executeStep()) {
      entries.push_back({select.getColumn(0).getInt64(), from_sql(select.getColumn(1).getInt64()),
                         select.getColumn(2).getString(), select.getColumn(3).getString(),
                         select.getColumn(4).getString(), select.getColumn(5).getString()});
    }
    return entries;
  });
}

}  // namespace fovea::server
