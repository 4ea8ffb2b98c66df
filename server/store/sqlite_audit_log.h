#pragma once

#include "server/store/audit_log.h"
#include "server/store/database.h"

namespace fovea::server {

// Within a transaction of something else: what was done and that it was done are one.
void append_audit(SQLite::Database& database, const AuditEntry& entry);

class SqliteAuditLog : public AuditLog {
 public:
  explicit SqliteAuditLog(Database& database) : database_(database) {}
  void append(const AuditEntry& entry) override;
  std::vector<AuditEntry> newest(int limit, std::int64_t before) override;

 private:
  Database& database_;
};

}  // namespace fovea::server
