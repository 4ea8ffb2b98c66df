#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "engine/core/file.h"

namespace fovea::server {

// The SQLite file of the data directory: one connection that writes, a few that read beside it
// (write-ahead log). What write() returned from is on the disk: a crash at any instant loses
// nothing of it and shows nothing of what was not finished. Any thread; SQLite's errors, a full
// disk among them, come as IoError that names the file. Only server/store/ includes this header.
class Database {
 public:
  // Opens or creates the file and brings its tables up to date (migrations.h). Throws IoError, also
  // when a newer Fovea wrote it.
  explicit Database(std::filesystem::path file);

  // f(SQLite::Database&) in one transaction: all of it or nothing. Writers wait for each other.
  template <class F>
  auto write(F&& f) {
    const std::lock_guard lock(writing_);
    return guarded([&] {
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

  // f(SQLite::Database&) on a connection that cannot write; it sees one state of the tables
  // throughout. Does not wait for writers.
  template <class F>
  auto read(F&& f) {
    return guarded([&] {
      const Reader reader(*this);
      SQLite::Transaction snapshot(*reader.connection);
      return f(*reader.connection);
    });
  }

  const std::filesystem::path& file() const { return file_; }

 private:
  static constexpr int kNoRoom = 13;  // SQLITE_FULL

  struct Reader {
    explicit Reader(Database& database) : owner(database), connection(owner.borrow()) {}
    ~Reader() { owner.give_back(std::move(connection)); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    Database& owner;
    std::unique_ptr<SQLite::Database> connection;
  };

  template <class F>
  auto guarded(F&& f) -> decltype(f()) {
    try {
      return f();
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() == kNoRoom) {
        throw DiskFull(file_.string() + ": " + error.what(), error.what());
      }
      throw IoError(file_.string() + ": " + error.what());
    }
  }

  std::unique_ptr<SQLite::Database> borrow();
  void give_back(std::unique_ptr<SQLite::Database> connection);

  std::filesystem::path file_;
  std::mutex writing_;
  std::unique_ptr<SQLite::Database> writer_;
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<SQLite::Database>> idle_;
};

}  // namespace fovea::server
