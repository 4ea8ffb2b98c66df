#include "server/store/postgres/job_store.h"

#include <limits>

#include "server/store/time_columns.h"

namespace fovea::server::postgres {
namespace {

std::optional<Job::Time> optional_time(const Result& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return from_sql(rows.integer(row, column));
}

std::optional<std::string> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

struct Change {
  std::int64_t id;
  JobState state;
  const std::string& reason;
  const std::string& event;
  const std::string& result;
  std::optional<std::string> runner;  // unset: any runner
};

std::optional<std::int64_t> change_row(Connection& connection, const Change& change) {
  const Result changed = connection.exec(
      std::string("UPDATE jobs SET state = $1, reason = $2, result = coalesce($3, result), "
                  "started = CASE WHEN $1 = 'running' THEN now ELSE started END, "
                  "ended = CASE WHEN $1 IN ('queued', 'running') THEN NULL ELSE now END, "
                  "heartbeat = CASE WHEN $1 = 'running' THEN now END, "
                  "runner = CASE WHEN $1 <> 'queued' THEN runner END, "
                  "cancel_requested = cancel_requested AND $1 = 'running' FROM (SELECT ") +
          kNow +
          " AS now) AS clock "
          "WHERE id = $4 AND ($5::text IS NULL OR (runner = $5 AND state = 'running'))",
      Params::of(to_string(change.state), change.reason, or_null(change.result), change.id,
                 change.runner));
  if (changed.affected() != 1) return std::nullopt;
  return insert_event(connection, change.id, change.event);
}

}  // namespace

std::vector<Job> read_jobs(const Result& rows) {
  std::vector<Job> jobs;
  for (int i = 0; i < rows.rows(); ++i) {
    Job job;
    job.id = rows.integer(i, 0);
    job.kind = rows.text(i, 1);
    job.state = read_job_state(rows.text(i, 2));
    job.reason = rows.text(i, 3);
    job.options = rows.text(i, 4);
    job.idempotency_key = rows.text(i, 5);
    job.created = from_sql(rows.integer(i, 6));
    job.started = optional_time(rows, i, 7);
    job.ended = optional_time(rows, i, 8);
    job.result = rows.text(i, 9);
    job.runner = rows.text(i, 10);
    job.cancel_requested = rows.integer(i, 11) != 0;
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::optional<std::int64_t> insert_event(Connection& connection, std::int64_t job,
                                         const std::string& event) {
  const Result row = connection.exec(
      std::string("WITH numbered AS (UPDATE jobs SET last_event = last_event + 1 WHERE id = $1 "
                  "RETURNING id, last_event) "
                  "INSERT INTO job_events(job, number, time, event) "
                  "SELECT id, last_event, ") +
          kNow + ", $2 FROM numbered RETURNING number",
      Params::of(job, event));
  if (row.rows() == 0) return std::nullopt;
  return row.integer(0, 0);
}

Job PostgresJobStore::create(const std::string& kind, const std::string& options,
                             const std::string& key) {
  return database_.write([&](Connection& connection) {
    return read_jobs(connection.exec(
                         std::string("INSERT INTO jobs(kind, state, options, idempotency_key, "
                                     "created) VALUES($1, 'queued', $2, $3, ") +
                             kNow + ") RETURNING " + kJobColumns,
                         Params::of(kind, options, or_null(key))))
        .at(0);
  });
}

std::vector<Job> PostgresJobStore::select(const std::string& condition, const Params& params) {
  return database_.read([&](Connection& connection) {
    return read_jobs(
        connection.exec("SELECT " + kJobColumns + " FROM jobs WHERE " + condition, params));
  });
}

std::optional<Job> PostgresJobStore::get(std::int64_t id) {
  auto found = select("id = $1", Params::of(id));
  return found.empty() ? std::nullopt : std::optional(std::move(found[0]));
}

std::optional<Job> PostgresJobStore::find_key(const std::string& key) {
  auto found = select("idempotency_key = $1", Params::of(key));
  return found.empty() ? std::nullopt : std::optional(std::move(found[0]));
}

std::vector<Job> PostgresJobStore::newest(int limit, std::int64_t before) {
  return select("id < $1 ORDER BY id DESC LIMIT $2",
                Params::of(before > 0 ? before : std::numeric_limits<std::int64_t>::max(), limit));
}

std::vector<Job> PostgresJobStore::in_state(JobState state) {
  return select("state = $1 ORDER BY id", Params::of(to_string(state)));
}

std::int64_t PostgresJobStore::change(std::int64_t id, JobState state, const std::string& reason,
                                      const std::string& event, const std::string& result) {
  return database_.write([&](Connection& connection) {
    const auto number = change_row(connection, {id, state, reason, event, result, {}});
    if (!number) throw IoError("job " + std::to_string(id) + " does not exist");
    return *number;
  });
}

std::optional<std::int64_t> PostgresJobStore::change_as(const std::string& runner, std::int64_t id,
                                                        JobState state, const std::string& reason,
                                                        const std::string& event,
                                                        const std::string& result) {
  return database_.write([&](Connection& connection) {
    return change_row(connection, {id, state, reason, event, result, runner});
  });
}

std::int64_t PostgresJobStore::append(std::int64_t id, const std::string& event) {
  return database_.write([&](Connection& connection) {
    const auto number = insert_event(connection, id, event);
    if (!number) throw IoError("job " + std::to_string(id) + " does not exist");
    return *number;
  });
}

std::vector<JobEvent> PostgresJobStore::events(std::int64_t id, std::int64_t after, int limit) {
  return database_.read([&](Connection& connection) {
    const Result rows = connection.exec(
        "SELECT number, time, event FROM job_events "
        "WHERE job = $1 AND number > $2 ORDER BY number LIMIT $3",
        Params::of(id, after, limit));
    std::vector<JobEvent> events;
    for (int i = 0; i < rows.rows(); ++i) {
      events.push_back({rows.integer(i, 0), from_sql(rows.integer(i, 1)), rows.text(i, 2)});
    }
    return events;
  });
}

}  // namespace fovea::server::postgres
