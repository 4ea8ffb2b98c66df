#include "server/store/database.h"
#include "server/store/sqlite_audit_log.h"
#include "server/store/sqlite_job_store.h"
#include "server/store/sqlite_prediction_store.h"
#include "server/store/sqlite_version_store.h"
#include "server/store/store.h"

namespace fovea::server {
namespace {

class SqliteStore : public Store {
 public:
  SqliteStore(const std::filesystem::path& file, const HistoryLimits& history)
      : database_(file), predictions_(database_, history) {}
  AuditLog& audit() override { return audit_; }
  VersionStore& versions() override { return versions_; }
  JobStore& jobs() override { return jobs_; }
  PredictionStore& predictions() override { return predictions_; }

 private:
  Database database_;
  SqliteAuditLog audit_{database_};
  SqliteVersionStore versions_{database_};
  SqliteJobStore jobs_{database_};
  SqlitePredictionStore predictions_;
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file) {
  return open_sqlite_store(file, HistoryLimits());
}

std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file,
                                         const HistoryLimits& history) {
  return std::make_unique<SqliteStore>(file, history);
}

}  // namespace fovea::server
