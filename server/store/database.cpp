#include "server/store/database.h"

#include <string>

#include <fmt/format.h>

namespace fovea::server {
namespace {

constexpr int kBusyMs = 5000;  // wait for a lock of another process
constexpr std::size_t kIdleReaders = 4;

void migrate(SQLite::Database& database, const std::filesystem::path& file) {
  const std::vector<std::string>& steps = migrations();
  const int known = static_cast<int>(steps.size());
  const int stored = database.execAndGet("PRAGMA user_version").getInt();
  if (stored > known) {
    throw IoError(
        fmt::format("{} was written by a newer version of Fovea: its schema version is {}, this "
                    "program supports up to {}",
                    file.string(), stored, known));
  }
  for (int step = stored; step < known; ++step) {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    database.exec(steps[static_cast<std::size_t>(step)]);
    database.exec("PRAGMA user_version = " + std::to_string(step + 1));
    transaction.commit();
  }
}

}  // namespace

Database::Database(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code ignored;
  std::filesystem::create_directories(file_.parent_path(), ignored);
  translate_errors([this] {
    writer_ = std::make_unique<SQLite::Database>(
        file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyMs);
    writer_->exec("PRAGMA journal_mode = WAL");
    writer_->exec("PRAGMA synchronous = FULL");  // a commit survives a power failure
    writer_->exec("PRAGMA foreign_keys = ON");
    writer_->exec("PRAGMA secure_delete = ON");  // deleted images are overwritten
    migrate(*writer_, file_);
  });
}

void Database::set_overwriting(bool on) {
  const std::lock_guard lock(writing_);
  translate_errors(
      [&] { writer_->exec(on ? "PRAGMA secure_delete = ON" : "PRAGMA secure_delete = FAST"); });
}

std::unique_ptr<SQLite::Database> Database::borrow() {
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return std::make_unique<SQLite::Database>(file_.string(), SQLite::OPEN_READONLY, kBusyMs);
}

void Database::give_back(std::unique_ptr<SQLite::Database> connection) {
  const std::lock_guard lock(idle_mutex_);
  if (connection && idle_.size() < kIdleReaders) idle_.push_back(std::move(connection));
}

}  // namespace fovea::server
