#include "server/store/sqlite_job_store.h"

#include <limits>

#include "server/store/sqlite_job_rows.h"
#include "server/store/time_columns.h"

namespace fovea::server {
namespace {

std::optional<Job> first(std::vector<Job> jobs) {
  if (jobs.empty()) return std::nullopt;
  return std::move(jobs[0]);
}

struct JobChange {
  std::int64_t id;
  JobState state;
  const std::string& reason;
  const std::string& event;
  const std::string& result;
  const std::string* runner;  // null: any runner
};

// Returns the number of the event; nullopt if there is no such job or another runner runs it.
std::optional<std::int64_t> change_row(SQLite::Database& database, const JobChange& change) {
  const std::int64_t now = sql_now();
  SQLite::Statement update(
      database,
      "UPDATE jobs SET state = ?1, reason = ?2, result = coalesce(?3, result), "
      "started = CASE WHEN ?1 = 'running' THEN ?4 ELSE started END, "
      "ended = CASE WHEN ?1 IN ('queued', 'running') THEN NULL ELSE ?4 END, "
      "heartbeat = CASE WHEN ?1 = 'running' THEN ?4 END, "
      "runner = CASE WHEN ?1 <> 'queued' THEN runner END, "
      "cancel_requested = CASE WHEN ?1 = 'running' THEN cancel_requested ELSE 0 END "
      "WHERE id = ?5 AND (?6 IS NULL OR (runner = ?6 AND state = 'running'))");
  update.bind(1, std::string(to_string(change.state)));
  update.bind(2, change.reason);
  if (!change.result.empty()) update.bind(3, change.result);
  update.bind(4, now);
  update.bind(5, change.id);
  if (change.runner) update.bind(6, *change.runner);
  if (update.exec() != 1) return std::nullopt;
  return insert_event(database, change.id, now, change.event);
}

const std::string kSelectEvaluation =
    "SELECT id, version, job, data_revision, split, created, "
    "json_extract(evaluation, '$.data.count'), ";

Evaluation read_evaluation(SQLite::Statement& select) {
  return {select.getColumn(0).getInt64(),
          select.getColumn(1).getInt(),
          select.getColumn(2).isNull() ? 0 : select.getColumn(2).getInt64(),
          select.getColumn(3).getString(),
          select.getColumn(4).getString(),
          from_sql(select.getColumn(5).getInt64()),
          select.getColumn(6).getInt64(),
          select.getColumn(7).getString()};
}

}  // namespace

Job SqliteJobStore::create(const std::string& kind, const std::string& options,
                           const std::string& key) {
  Job job;
  job.kind = kind;
  job.options = options;
  job.idempotency_key = key;
  const std::int64_t now = sql_now();
  job.created = from_sql(now);
  job.id = database_.write([&](SQLite::Database& database) {
    SQLite::Statement insert(
        database,
        "INSERT INTO jobs(kind, state, options, idempotency_key, created) VALUES(?, ?, ?, ?, ?)");
    insert.bind(1, kind);
    insert.bind(2, std::string(to_string(JobState::queued)));
    insert.bind(3, options);
    if (!key.empty()) insert.bind(4, key);
    insert.bind(5, now);
    insert.exec();
    return std::int64_t{database.getLastInsertRowid()};
  });
  return job;
}

std::optional<Job> SqliteJobStore::get(std::int64_t id) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database, kSelectJob + "WHERE id = ?");
    select.bind(1, id);
    return first(read_jobs(select));
  });
}

std::optional<Job> SqliteJobStore::find_key(const std::string& key) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database, kSelectJob + "WHERE idempotency_key = ?");
    select.bind(1, key);
    return first(read_jobs(select));
  });
}

std::vector<Job> SqliteJobStore::newest(int limit, std::int64_t before) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database, kSelectJob + "WHERE id < ? ORDER BY id DESC LIMIT ?");
    select.bind(1, before > 0 ? before : std::numeric_limits<std::int64_t>::max());
    select.bind(2, limit);
    return read_jobs(select);
  });
}

std::vector<Job> SqliteJobStore::in_state(JobState state) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database, kSelectJob + "WHERE state = ? ORDER BY id");
    select.bind(1, std::string(to_string(state)));
    return read_jobs(select);
  });
}

std::int64_t SqliteJobStore::change(std::int64_t id, JobState state, const std::string& reason,
                                    const std::string& event, const std::string& result) {
  return database_.write([&](SQLite::Database& database) {
    const auto number = change_row(database, {id, state, reason, event, result, nullptr});
    if (!number) throw IoError("job " + std::to_string(id) + " does not exist");
    return *number;
  });
}

std::optional<std::int64_t> SqliteJobStore::change_as(const std::string& runner, std::int64_t id,
                                                      JobState state, const std::string& reason,
                                                      const std::string& event,
                                                      const std::string& result) {
  return database_.write([&](SQLite::Database& database) {
    return change_row(database, {id, state, reason, event, result, &runner});
  });
}

std::int64_t SqliteJobStore::append(std::int64_t id, const std::string& event) {
  return database_.write(
      [&](SQLite::Database& database) { return insert_event(database, id, sql_now(), event); });
}

std::vector<JobEvent> SqliteJobStore::events(std::int64_t id, std::int64_t after, int limit) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database,
                             "SELECT number, time, event FROM job_events "
                             "WHERE job = ? AND number > ? ORDER BY number LIMIT ?");
    select.bind(1, id);
    select.bind(2, after);
    select.bind(3, limit);
    std::vector<JobEvent> events;
    while (select.executeStep()) {
      events.push_back({select.getColumn(0).getInt64(), from_sql(select.getColumn(1).getInt64()),
                        select.getColumn(2).getString()});
    }
    return events;
  });
}

std::int64_t SqliteJobStore::add_evaluation(const Evaluation& evaluation) {
  return database_.write([&](SQLite::Database& database) {
    SQLite::Statement insert(
        database,
        "INSERT INTO evaluations(version, job, data_revision, split, created, evaluation) "
        "VALUES(?, ?, ?, ?, ?, ?)");
    insert.bind(1, evaluation.version);
    if (evaluation.job != 0) insert.bind(2, evaluation.job);
    insert.bind(3, evaluation.data_revision);
    insert.bind(4, evaluation.split);
    insert.bind(5, sql_now());
    insert.bind(6, evaluation.evaluation);
    insert.exec();
    return std::int64_t{database.getLastInsertRowid()};
  });
}

std::optional<Evaluation> SqliteJobStore::get_evaluation(std::int64_t id) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(database,
                             kSelectEvaluation + "evaluation FROM evaluations WHERE id = ?");
    select.bind(1, id);
    return select.executeStep() ? std::optional(read_evaluation(select)) : std::nullopt;
  });
}

std::vector<Evaluation> SqliteJobStore::evaluations(int version, int limit) {
  return database_.read([&](SQLite::Database& database) {
    SQLite::Statement select(
        database,
        kSelectEvaluation + "'' FROM evaluations WHERE version = ? ORDER BY id DESC LIMIT ?");
    select.bind(1, version);
    select.bind(2, limit);
    std::vector<Evaluation> found;
    while (select.executeStep()) found.push_back(read_evaluation(select));
    return found;
  });
}

}  // namespace fovea::server
