#pragma once

#include "server/store/audit_log.h"
#include "server/store/database.h"

namespace fovea::server {

// For use inside another transaction, so that a change and its entry are committed together.
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
