#include "server/store/postgres/version_store.h"

#include <limits>

#include "server/store/postgres/audit_log.h"
#include "server/store/time_columns.h"

namespace fovea::server::postgres {
namespace {

const std::string kSelectVersion =
    "SELECT number, model_sha256, weights_sha256, features_sha256, manifest, created, removed "
    "FROM versions ";

std::vector<StoredVersion> read_versions(const Result& rows) {
  std::vector<StoredVersion> versions;
  for (int i = 0; i < rows.rows(); ++i) {
    StoredVersion version;
    version.number = static_cast<int>(rows.integer(i, 0));
    version.model_sha256 = rows.text(i, 1);
    version.weights_sha256 = rows.text(i, 2);
    if (!rows.is_null(i, 3)) version.features_sha256 = rows.text(i, 3);
    version.manifest = rows.text(i, 4);
    version.created = from_sql(rows.integer(i, 5));
    if (!rows.is_null(i, 6)) version.removed = from_sql(rows.integer(i, 6));
    versions.push_back(std::move(version));
  }
  return versions;
}

}  // namespace

int PostgresVersionStore::add(const StoredVersion& version, AuditEntry entry) {
  // The lock makes the numbers visible in increasing order.
  return database_.write(
      [&](Connection& connection) {
        const Result row = connection.exec(
            "INSERT INTO versions(model_sha256, weights_sha256, features_sha256, manifest, "
            "created) "
            "VALUES($1, $2, $3, $4, $5) RETURNING number",
            Params::of(version.model_sha256, version.weights_sha256, version.features_sha256,
                       version.manifest, to_sql(version.created)));
        const int number = static_cast<int>(row.integer(0, 0));
        entry.subject = "version " + std::to_string(number);
        append_audit(connection, entry);
        return number;
      },
      "BEGIN; SELECT pg_advisory_xact_lock(" + key(Lock::versions) + ")");
}

void PostgresVersionStore::move(const std::map<std::string, std::optional<int>>& aliases,
                                const AuditEntry& entry) {
  database_.write([&](Connection& connection) {
    for (const auto& [name, number] : aliases) {
      if (number) {
        connection.exec(
            "INSERT INTO aliases(name, version) VALUES($1, $2) "
            "ON CONFLICT(name) DO UPDATE SET version = excluded.version",
            Params::of(name, *number));
      } else {
        connection.exec("DELETE FROM aliases WHERE name = $1", Params::of(name));
      }
    }
    append_audit(connection, entry);
  });
}

void PostgresVersionStore::mark_removed(int number, const AuditEntry& entry) {
  database_.write([&](Connection& connection) {
    connection.exec(std::string("UPDATE versions SET removed = ") + kNow + " WHERE number = $1",
                    Params::of(number));
    append_audit(connection, entry);
  });
}

std::optional<StoredVersion> PostgresVersionStore::find(int number) {
  return database_.read([&](Connection& connection) -> std::optional<StoredVersion> {
    auto found =
        read_versions(connection.exec(kSelectVersion + "WHERE number = $1", Params::of(number)));
    if (found.empty()) return std::nullopt;
    return std::move(found[0]);
  });
}

std::vector<StoredVersion> PostgresVersionStore::newest(int limit, int before) {
  return database_.read([&](Connection& connection) {
    return read_versions(
        connection.exec(kSelectVersion + "WHERE number < $1 ORDER BY number DESC LIMIT $2",
                        Params::of(before > 0 ? before : std::numeric_limits<int>::max(), limit)));
  });
}

std::vector<StoredVersion> PostgresVersionStore::with_files() {
  return database_.read([&](Connection& connection) {
    return read_versions(
        connection.exec(kSelectVersion + "WHERE removed IS NULL ORDER BY number DESC"));
  });
}

int PostgresVersionStore::count() {
  return database_.read([](Connection& connection) {
    return static_cast<int>(connection.exec("SELECT count(*) FROM versions").integer(0, 0));
  });
}

Aliases PostgresVersionStore::aliases() {
  return database_.read([](Connection& connection) {
    const Result rows = connection.exec("SELECT name, version FROM aliases");
    Aliases aliases;
    for (int i = 0; i < rows.rows(); ++i) {
      aliases[rows.text(i, 0)] = static_cast<int>(rows.integer(i, 1));
    }
    return aliases;
  });
}

}  // namespace fovea::server::postgres
