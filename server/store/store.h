#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/core/error.h"

namespace fovea::server {

class AuditLog;
class VersionStore;
class JobStore;
class PredictionStore;
struct HistoryLimits;

// The database cannot be reached, or it closed the connection or did not answer in time. A later
// call may succeed.
class StoreUnavailable : public IoError {
 public:
  explicit StoreUnavailable(const std::string& text, bool unknown = false)
      : IoError(text), outcome_unknown(unknown) {}
  // True: the connection was lost during COMMIT, so the change may or may not be stored. False: it
  // is not stored.
  const bool outcome_unknown;
};

struct StoreHealth {
  bool available = true;
  std::chrono::system_clock::time_point since;  // when `available` last changed
  std::string last_error;                       // the latest error of the connection; empty: none
};

// A lock that at most one process of those that share a store holds. Released by the destructor
// and when the process ends. Used by one thread at a time.
class ChangeLock {
 public:
  virtual ~ChangeLock() = default;
  // Throws StoreUnavailable if the lock was lost, which happens if the connection to the database
  // is lost. Call it before each step that needs the lock.
  virtual void check() = 0;
};

// The kind of the notification that is delivered after notifications may have been lost: the
// receiver must read again what it keeps in memory.
inline constexpr const char* kResync = "resync";
inline constexpr std::size_t kMaxNotification = 7900;  // bytes of a payload
using NotifyCallback = std::function<void(const std::string& kind, const std::string& payload)>;

// The persistent state of the server except for the content-addressed files (files.h) and the
// dataset. Each kind of record has an interface in a header of this folder. Changes are on disk
// when a call returns. Any thread; errors of the database are thrown as IoError (DiskFull,
// StoreUnavailable).
class Store {
 public:
  virtual ~Store() = default;
  virtual AuditLog& audit() = 0;
  virtual VersionStore& versions() = 0;
  virtual JobStore& jobs() = 0;
  virtual PredictionStore& predictions() = 0;

  // Waits until no other caller holds the lock, at most `wait`; then throws StoreUnavailable. With
  // SQLite it excludes no one, because one process has the data directory to itself.
  virtual std::unique_ptr<ChangeLock> lock_changes(
      std::chrono::milliseconds wait = std::chrono::seconds(30)) = 0;

  // Sends a notification to all other processes that have opened this store; with SQLite there are
  // none. It is not stored: it can be lost, and then the receivers get kResync. `kind` has 1 to 60
  // characters of a-z, 0-9, "_", "-" and "."; ConfigError otherwise and if `payload` exceeds
  // kMaxNotification.
  virtual void notify(const std::string& kind, const std::string& payload) = 0;
  // Calls `callback`, on a thread of the store, for each notification of another process, in order.
  // Replaces the previous callback; an empty one ends the calls. On return the previous callback
  // is not running, so do not call this from the callback. The callback must not throw.
  virtual void on_notify(NotifyCallback callback) = 0;

  // The state of the connection as last observed. Does not wait for the database.
  virtual StoreHealth health() = 0;
};

// A store in one SQLite file, which is created if it does not exist. Throws IoError.
std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file);
std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file,
                                         const HistoryLimits& history);

// Copies an SQLite file, consistently while a server writes to it (SQLite's online backup API).
// Throws IoError.
void copy_sqlite_file(const std::filesystem::path& from, const std::filesystem::path& to);

// A store in a PostgreSQL database that several processes share:
// postgres://user:password@host:port/name?sslmode=... . Creates or updates its tables. Throws
// ConfigError for a malformed URL, StoreUnavailable, and IoError. No error contains the password.
// store/postgres/postgres_store.cpp
// With a schema, the tables are in that schema of the database, and notifications reach the
// processes that have opened it.
std::unique_ptr<Store> open_postgres_store(const std::string& url, const HistoryLimits& history,
                                           const std::string& schema = {});
// Deletes a schema with all records in it, if it exists.
void drop_postgres_schema(const std::string& url, const std::string& schema);

std::filesystem::path database_file(const std::filesystem::path& data_dir);  // fovea.db
// Text that says that the records of a data directory with SQLite are lost: fovea.db is missing or
// empty beside files that only it names. Empty: they are not.
std::string missing_records(const std::filesystem::path& data_dir);
// What PRAGMA quick_check finds, or why the file cannot be read; empty: nothing.
std::string check_sqlite_file(const std::filesystem::path& file);

// PostgreSQL if `database_url` is not empty, else the SQLite file fovea.db of the data directory.
// Throws IoError if the records are missing (missing_records()).
std::unique_ptr<Store> open_store(const std::filesystem::path& data_dir,
                                  const std::string& database_url, const HistoryLimits& history,
                                  const std::string& schema = {});

// Throws ConfigError unless Store::notify() accepts it.
void check_notification(const std::string& kind, const std::string& payload);

}  // namespace fovea::server
