#include "server/store/postgres/database.h"

#include <random>
#include <thread>

#include <fmt/format.h>

namespace fovea::server::postgres {
namespace {

constexpr int kMaxConflicts = 8;

// Waits for a random time, longer after each conflict, so that the same transactions do not meet
// again.
void wait_after_conflict(int conflicts) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int> wait(0, 2 << conflicts);
  std::this_thread::sleep_for(std::chrono::milliseconds(wait(random)));
}

}  // namespace

Database::Database(ConnectionUrl url, PoolOptions options) : pool_(std::move(url), options) {}

void Database::attempt(const std::string& begin, const std::function<void(Connection&)>& f) {
  bool reconnected = false;
  for (int conflicts = 0;;) {
    const Pool::Lease lease = pool_.acquire();
    try {
      Transaction transaction(*lease, begin);
      f(*lease);
      transaction.commit();
      pool_.report_available();
      return;
    } catch (const StoreUnavailable& error) {
      if (!lease->lost()) throw;
      pool_.report_lost(error.what());
      pool_.discard_idle();
      if (reconnected || error.outcome_unknown || lease->timed_out()) throw;
      reconnected = true;
    } catch (const SqlError& error) {
      if (!error.is_conflict() || ++conflicts > kMaxConflicts) throw;
      wait_after_conflict(conflicts);
    }
  }
}

std::string key(Lock lock) {
  return std::to_string(static_cast<std::int64_t>(lock));
}

void migrate(Database& database, const std::vector<SchemaStep>& steps) {
  const int known = static_cast<int>(steps.size());
  // Another process may hold the lock while it migrates.
  const std::string begin =
      "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(" + key(Lock::schema) +
      ")";
  database.write(
      [&](Connection& connection) {
        const std::string& target = connection.target();
        const std::string encoding = connection.exec("SHOW server_encoding").text(0, 0);
        if (encoding != "UTF8") {
          throw IoError(
              fmt::format("{}: its encoding is {}; Fovea needs a database created with "
                          "ENCODING 'UTF8'",
                          target, encoding));
        }
        const std::string& schema = database.pool().url().schema;
        if (!schema.empty()) connection.run("CREATE SCHEMA IF NOT EXISTS " + schema);
        if (connection.exec("SELECT to_regclass('fovea_schema') IS NULL").integer(0, 0) != 0) {
          connection.run(
              "CREATE TABLE fovea_schema(version integer NOT NULL, oldest_reader integer NOT NULL);"
              "INSERT INTO fovea_schema VALUES(0, 0)");
        }
        const Result row = connection.exec("SELECT version, oldest_reader FROM fovea_schema");
        if (row.rows() != 1) throw IoError(target + ": the table fovea_schema is damaged");
        const auto stored = row.integer(0, 0);
        if (row.integer(0, 1) > known) {
          throw IoError(fmt::format(
              "{} was written by a newer version of Fovea: its schema version is {}, readable from "
              "version {}; this program supports up to {}",
              target, stored, row.integer(0, 1), known));
        }
        for (auto step = stored; step < known; ++step) {
          const SchemaStep& next = steps[static_cast<std::size_t>(step)];
          connection.run(next.sql);
          connection.exec("UPDATE fovea_schema SET version = $1, oldest_reader = $2",
                          Params::of(step + 1, next.oldest_reader));
        }
      },
      begin);
}

}  // namespace fovea::server::postgres
