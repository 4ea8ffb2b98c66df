#include <SQLiteCpp/Backup.h>

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

  std::unique_ptr<ChangeLock> lock_changes(std::chrono::milliseconds /*wait*/) override {
    struct OnlyProcess : ChangeLock {
      void check() override {}
    };
    return std::make_unique<OnlyProcess>();
  }
  void notify(const std::string& kind, const std::string& payload) override {
    check_notification(kind, payload);  // there is no other process that could receive it
  }
  void on_notify(NotifyCallback /*callback*/) override {}
  StoreHealth health() override { return {true, opened_, ""}; }

 private:
  const std::chrono::system_clock::time_point opened_ = std::chrono::system_clock::now();
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

std::string check_sqlite_file(const std::filesystem::path& file) {
  constexpr int kBusyTimeout = 10'000;  // milliseconds
  try {
    SQLite::Database database(file.string(), SQLite::OPEN_READONLY, kBusyTimeout);
    SQLite::Statement check(database, "PRAGMA quick_check(1)");
    check.executeStep();
    const std::string result = check.getColumn(0).getString();
    return result == "ok" ? "" : file.string() + " is damaged: " + result;
  } catch (const SQLite::Exception& error) {
    return file.string() + " cannot be read: " + error.what();
  }
}

void copy_sqlite_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  constexpr int kBusyTimeout = 10'000;  // milliseconds
  try {
    SQLite::Database source(from.string(), SQLite::OPEN_READONLY, kBusyTimeout);
    SQLite::Database target(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Backup(target, source).executeStep(-1);
  } catch (const SQLite::Exception& error) {
    throw IoError(from.string() + ": " + error.what());
  }
}

}  // namespace fovea::server
