#pragma once

#include "server/store/postgres/database.h"
#include "server/store/version_store.h"

namespace fovea::server::postgres {

class PostgresVersionStore : public VersionStore {
 public:
  explicit PostgresVersionStore(Database& database) : database_(database) {}
  int add(const StoredVersion& version, AuditEntry entry) override;
  void move(const std::map<std::string, std::optional<int>>& aliases,
            const AuditEntry& entry) override;
  void mark_removed(int number, const AuditEntry& entry) override;
  std::optional<StoredVersion> find(int number) override;
  std::vector<StoredVersion> newest(int limit, int before) override;
  std::vector<StoredVersion> with_files() override;
  int count() override;
  Aliases aliases() override;

 private:
  Database& database_;
};

}  // namespace fovea::server::postgres
