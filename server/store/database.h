#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "engine/core/file.h"

namespace fovea::server {

// The SQLite database of the data directory in WAL mode: one connection that writes and a pool of
// read-only connections. A transaction is on disk when write() returns, and a crash leaves no
// partial transaction. Any thread. SQLite's errors are thrown as IoError naming the file (DiskFull
// if the disk is full). Only server/store/ includes this header.
class Database {
 public:
  // Opens or creates the file and applies missing migrations. Throws IoError, also
  // if the file was written by a newer version of Fovea.
  explicit Database(std::filesystem::path file);

  // Runs f(SQLite::Database&) in one transaction, which an exception rolls back. Writers are
  // serialised.
  template <class F>
  auto write(F&& f) {
    const std::lock_guard lock(writing_);
    return translate_errors([&] {
      SQLite::Transaction transaction(*writer_, SQLite::TransactionBehavior::IMMEDIATE);
      if constexpr (std::is_void_v<decltype(f(*writer_))>) {
        f(*writer_);
        transaction.commit();
      } else {
        auto result = f(*writer_);
        transaction.commit();
        return result;
      }
    });
  }

  // Like write(), but deleted bytes stay in the file until others replace them.
  template <class F>
  auto write_without_overwriting(F&& f) {
    const std::lock_guard lock(overwriting_);
    set_overwriting(false);
    try {
      auto result = write(std::forward<F>(f));
      set_overwriting(true);
      return result;
    } catch (...) {
      set_overwriting(true);
      throw;
    }
  }

  // Runs f(SQLite::Database&) on a read-only connection in one transaction, which sees a consistent
  // snapshot. Does not wait for writers.
  template <class F>
  auto read(F&& f) {
    return translate_errors([&] {
      const Reader reader(*this);
      SQLite::Transaction snapshot(*reader.connection);
      return f(*reader.connection);
    });
  }

  const std::filesystem::path& file() const { return file_; }

 private:
  static constexpr int kSqliteFull = 13;  // SQLITE_FULL

  struct Reader {  // a connection borrowed from the pool
    explicit Reader(Database& database) : owner(database), connection(owner.borrow()) {}
    ~Reader() { owner.give_back(std::move(connection)); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    Database& owner;
    std::unique_ptr<SQLite::Database> connection;
  };

  template <class F>
  auto translate_errors(F&& f) -> decltype(f()) {
    try {
      return f();
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() == kSqliteFull) {
        throw DiskFull(file_.string() + ": " + error.what(), error.what());
      }
      throw IoError(file_.string() + ": " + error.what());
    }
  }

  void set_overwriting(bool on);
  std::unique_ptr<SQLite::Database> borrow();
  void give_back(std::unique_ptr<SQLite::Database> connection);

  std::filesystem::path file_;
  std::mutex overwriting_;  // held while deleted pages are not overwritten; taken before writing_
  std::mutex writing_;      // protects writer_; held for a whole write transaction
  std::unique_ptr<SQLite::Database> writer_;
  std::mutex idle_mutex_;                                // protects idle_
  std::vector<std::unique_ptr<SQLite::Database>> idle_;  // read-only connections not in use
};

// migrations.cpp
// SQL scripts that bring an empty database to the current schema, in order; PRAGMA user_version is
// the number of scripts applied. A released script is never changed; schema changes are new
// scripts. Times are microseconds since 1970 (UTC), hashes 64 hex digits, documents JSON text.
const std::vector<std::string>& migrations();

}  // namespace fovea::server
