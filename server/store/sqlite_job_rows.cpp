#include "server/store/sqlite_job_rows.h"

#include "server/store/time_columns.h"

namespace fovea::server {
namespace {

std::optional<Job::Time> read_time(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  return from_sql(column.getInt64());
}

std::string read_text(const SQLite::Column& column) {
  return column.isNull() ? std::string() : column.getString();
}

}  // namespace

std::vector<Job> read_jobs(SQLite::Statement& select) {
  std::vector<Job> jobs;
  while (select.executeStep()) {
    Job job;
    job.id = select.getColumn(0).getInt64();
    job.kind = select.getColumn(1).getString();
    const std::string state = select.getColumn(2).getString();
    try {
      job.state = read_job_state(state);
    } catch (const IoError&) {  // must not hide the other jobs
      job.state = JobState::failed;
    }
    job.reason = select.getColumn(3).getString();
    if (to_string(job.state) != state)
      job.reason = "its record is damaged: state \"" + state + "\"";
    job.options = select.getColumn(4).getString();
    job.idempotency_key = read_text(select.getColumn(5));
    job.created = from_sql(select.getColumn(6).getInt64());
    job.started = read_time(select.getColumn(7));
    job.ended = read_time(select.getColumn(8));
    job.result = read_text(select.getColumn(9));
    job.runner = read_text(select.getColumn(10));
    job.cancel_requested = select.getColumn(11).getInt() != 0;
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::int64_t insert_event(SQLite::Database& database, std::int64_t job, std::int64_t now,
                          const std::string& event) {
  SQLite::Statement last(database, "SELECT coalesce(max(number), 0) FROM job_events WHERE job = ?");
  last.bind(1, job);
  last.executeStep();
  const std::int64_t number = last.getColumn(0).getInt64() + 1;
  SQLite::Statement insert(database,
                           "INSERT INTO job_events(job, number, time, event) VALUES(?, ?, ?, ?)");
  insert.bind(1, job);
  insert.bind(2, number);
  insert.bind(3, now);
  insert.bind(4, event);
  insert.exec();
  return number;
}

std::int64_t sql_now() {
  return to_sql(std::chrono::system_clock::now());
}

}  // namespace fovea::server
