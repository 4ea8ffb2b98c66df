#include "server/store/postgres/audit_log.h"

#include <limits>

#include "server/store/time_columns.h"

namespace fovea::server::postgres {

void append_audit(Connection& connection, const AuditEntry& entry) {
  const bool has_time = entry.time != std::chrono::system_clock::time_point();
  connection.exec(
      std::string("INSERT INTO audit(time, actor, action, subject, detail) "
                  "VALUES(coalesce($1, ") +
          kNow + "), $2, $3, $4, $5)",
      Params::of(has_time ? std::optional(to_sql(entry.time)) : std::nullopt, entry.actor,
                 entry.action, entry.subject, entry.detail.empty() ? "{}" : entry.detail));
}

void PostgresAuditLog::append(const AuditEntry& entry) {
  database_.write([&](Connection& connection) { append_audit(connection, entry); });
}

std::vector<AuditEntry> PostgresAuditLog::newest(int limit, std::int64_t before) {
  return database_.read([&](Connection& connection) {
    const Result rows = connection.exec(
        "SELECT id, time, actor, action, subject, detail FROM audit "
        "WHERE id < $1 ORDER BY id DESC LIMIT $2",
        Params::of(before > 0 ? before : std::numeric_limits<std::int64_t>::max(), limit));
    std::vector<AuditEntry> entries;
    for (int i = 0; i < rows.rows(); ++i) {
      entries.push_back({rows.integer(i, 0), from_sql(rows.integer(i, 1)), rows.text(i, 2),
                         rows.text(i, 3), rows.text(i, 4), rows.text(i, 5)});
    }
    return entries;
  });
}

}  // namespace fovea::server::postgres
