#include "server/store/postgres/job_store.h"

#include <algorithm>

namespace fovea::server::postgres {

std::optional<Job> PostgresJobStore::claim(const std::string& runner, const std::string& event) {
  return database_.write([&](Connection& connection) -> std::optional<Job> {
    // A job that another process claims at the same time is skipped, not waited for.
    auto claimed = read_jobs(connection.exec(
        std::string("UPDATE jobs SET state = 'running', reason = '', runner = $1, started = now, "
                    "heartbeat = now, ended = NULL FROM (SELECT ") +
            kNow +
            " AS now) AS clock WHERE id = (SELECT id FROM jobs "
            "WHERE state = 'queued' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING " +
            kJobColumns,
        Params::of(runner)));
    if (claimed.empty()) return std::nullopt;
    if (!event.empty()) insert_event(connection, claimed[0].id, event);
    return std::move(claimed[0]);
  });
}

Heartbeat PostgresJobStore::heartbeat(std::int64_t id, const std::string& runner) {
  return database_.write([&](Connection& connection) -> Heartbeat {
    const Result row = connection.exec(std::string("UPDATE jobs SET heartbeat = ") + kNow +
                                           " WHERE id = $1 AND runner = $2 AND state = 'running' "
                                           "RETURNING cancel_requested",
                                       Params::of(id, runner));
    if (row.rows() == 0) return {};
    return {true, row.integer(0, 0) != 0};
  });
}

bool PostgresJobStore::request_cancel(std::int64_t id) {
  return database_.write([&](Connection& connection) {
    return connection
               .exec(
                   "UPDATE jobs SET cancel_requested = true "
                   "WHERE id = $1 AND state IN ('queued', 'running')",
                   Params::of(id))
               .affected() > 0;
  });
}

std::vector<Job> PostgresJobStore::release_stale(std::chrono::seconds older_than,
                                                 const std::string& event) {
  return database_.write([&](Connection& connection) {
    auto released = read_jobs(connection.exec(
        std::string("WITH stale AS (SELECT id AS stale_id, runner AS stale_runner FROM jobs "
                    "WHERE state = 'running' AND coalesce(heartbeat, started, created) < ") +
            kNow +
            " - $1 ORDER BY id FOR UPDATE SKIP LOCKED) "
            "UPDATE jobs SET state = 'queued', reason = '', runner = NULL, heartbeat = NULL, "
            "ended = NULL FROM stale WHERE id = stale_id RETURNING id, kind, state, reason, "
            "options, idempotency_key, created, started, ended, result, stale_runner, "
            "cancel_requested",
        Params::of(std::int64_t{std::chrono::microseconds(older_than).count()})));
    std::sort(released.begin(), released.end(), [](auto& a, auto& b) { return a.id < b.id; });
    for (const Job& job : released) {
      if (!event.empty()) insert_event(connection, job.id, event);
    }
    return released;
  });
}

}  // namespace fovea::server::postgres
