#include "server/store/sqlite_job_rows.h"
#include "server/store/sqlite_job_store.h"

namespace fovea::server {

std::optional<Job> SqliteJobStore::claim(const std::string& runner, const std::string& event) {
  return database_.write([&](SQLite::Database& database) -> std::optional<Job> {
    const std::int64_t now = sql_now();
    std::int64_t id = 0;
    {
      SQLite::Statement update(
          database,
          "UPDATE jobs SET state = 'running', reason = '', runner = ?1, started = ?2, "
          "heartbeat = ?2, ended = NULL WHERE id = (SELECT id FROM jobs WHERE state = 'queued' "
          "ORDER BY id LIMIT 1) RETURNING id");
      update.bind(1, runner);
      update.bind(2, now);
      if (!update.executeStep()) return std::nullopt;
      id = update.getColumn(0).getInt64();
    }
    if (!event.empty()) insert_event(database, id, now, event);
    SQLite::Statement select(database, kSelectJob + "WHERE id = ?");
    select.bind(1, id);
    return read_jobs(select).at(0);
  });
}

Heartbeat SqliteJobStore::heartbeat(std::int64_t id, const std::string& runner) {
  return database_.write([&](SQLite::Database& database) -> Heartbeat {
    SQLite::Statement update(database,
                             "UPDATE jobs SET heartbeat = ? WHERE id = ? AND runner = ? AND "
                             "state = 'running' RETURNING cancel_requested");
    update.bind(1, sql_now());
    update.bind(2, id);
    update.bind(3, runner);
    if (!update.executeStep()) return {};
    return {true, update.getColumn(0).getInt() != 0};
  });
}

bool SqliteJobStore::request_cancel(std::int64_t id) {
  return database_.write([&](SQLite::Database& database) {
    SQLite::Statement update(database,
                             "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND "
                             "state IN ('queued', 'running')");
    update.bind(1, id);
    return update.exec() > 0;
  });
}

std::vector<Job> SqliteJobStore::release_stale(std::chrono::seconds older_than,
                                               const std::string& event) {
  return database_.write([&](SQLite::Database& database) {
    const std::int64_t now = sql_now();
    SQLite::Statement select(database, kSelectJob +
                                           "WHERE state = 'running' AND "
                                           "coalesce(heartbeat, started, created) < ? ORDER BY id");
    select.bind(1, now - std::chrono::microseconds(older_than).count());
    std::vector<Job> jobs = read_jobs(select);
    for (Job& job : jobs) {
      SQLite::Statement update(database,
                               "UPDATE jobs SET state = 'queued', reason = '', runner = NULL, "
                               "heartbeat = NULL, ended = NULL WHERE id = ?");
      update.bind(1, job.id);
      update.exec();
      job.state = JobState::queued;
      if (!event.empty()) insert_event(database, job.id, now, event);
    }
    return jobs;
  });
}

}  // namespace fovea::server
