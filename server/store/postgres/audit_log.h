#pragma once

#include "server/store/audit_log.h"
#include "server/store/postgres/database.h"

namespace fovea::server::postgres {

// For use inside another transaction, so that a change and its entry are committed together.
void append_audit(Connection& connection, const AuditEntry& entry);

class PostgresAuditLog : public AuditLog {
 public:
  explicit PostgresAuditLog(Database& database) : database_(database) {}
  void append(const AuditEntry& entry) override;
  std::vector<AuditEntry> newest(int limit, std::int64_t before) override;

 private:
  Database& database_;
};

}  // namespace fovea::server::postgres
