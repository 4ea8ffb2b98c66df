#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "server/store/postgres/audit_log.h"
#include "server/store/postgres/database.h"
#include "server/store/postgres/job_store.h"
#include "server/store/postgres/listener.h"
#include "server/store/postgres/prediction_store.h"
#include "server/store/postgres/version_store.h"
#include "server/store/store.h"

namespace fovea::server::postgres {
namespace {

// A lock that belongs to the session of a separate connection.
class PostgresChangeLock : public ChangeLock {
 public:
  PostgresChangeLock(Pool& pool, std::chrono::milliseconds wait) : connection_(pool.connect()) {
    connection_->set_timeout(std::max(wait, std::chrono::milliseconds(1)));
    try {
      connection_->exec("SELECT pg_advisory_lock(" + key(Lock::changes) + ")");
    } catch (const StoreUnavailable&) {
      if (connection_->lost()) throw;
      throw StoreUnavailable(
          fmt::format("{}: another process has been changing the registry for {} s",
                      connection_->target(), std::chrono::duration<double>(wait).count()));
    }
    connection_->set_timeout(std::chrono::seconds(5));
  }

  void check() override { connection_->exec("SELECT 1"); }

 private:
  std::unique_ptr<Connection> connection_;
};

class PostgresStore : public Store {
 public:
  PostgresStore(const std::string& url, const HistoryLimits& history, const std::string& schema)
      : database_(parse_url(url, schema)), predictions_(database_, history) {
    {
      PoolOptions options;  // a migration of a large database takes longer than a request
      options.timeouts.statement = std::chrono::minutes(10);
      Database migration(parse_url(url, schema), options);
      migrate(migration);
    }
    listener_.emplace(database_.pool());
  }

  AuditLog& audit() override { return audit_; }
  VersionStore& versions() override { return versions_; }
  JobStore& jobs() override { return jobs_; }
  PredictionStore& predictions() override { return predictions_; }

  std::unique_ptr<ChangeLock> lock_changes(std::chrono::milliseconds wait) override {
    return std::make_unique<PostgresChangeLock>(database_.pool(), wait);
  }
  void notify(const std::string& kind, const std::string& payload) override {
    check_notification(kind, payload);
    database_.write([&](Connection& connection) { listener_->send(connection, kind, payload); });
  }
  void on_notify(NotifyCallback callback) override { listener_->set_callback(std::move(callback)); }
  StoreHealth health() override { return database_.pool().health(); }

 private:
  Database database_;
  PostgresAuditLog audit_{database_};
  PostgresVersionStore versions_{database_};
  PostgresJobStore jobs_{database_};
  PostgresPredictionStore predictions_;
  std::optional<Listener> listener_;  // after the schema exists
};

}  // namespace
}  // namespace fovea::server::postgres

namespace fovea::server {

std::unique_ptr<Store> open_postgres_store(const std::string& url, const HistoryLimits& history,
                                           const std::string& schema) {
  return std::make_unique<postgres::PostgresStore>(url, history, schema);
}

void drop_postgres_schema(const std::string& url, const std::string& schema) {
  postgres::PoolOptions options;
  options.timeouts.statement = std::chrono::minutes(10);
  postgres::Database database(postgres::parse_url(url, schema), options);
  database.write([&](postgres::Connection& connection) {
    connection.run("DROP SCHEMA IF EXISTS " + schema + " CASCADE");
  });
}

}  // namespace fovea::server
