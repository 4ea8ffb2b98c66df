#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "server/store/job_store.h"

namespace fovea::server {

// Rows of `jobs` and `job_events`. All functions run inside the caller's transaction.

// Followed by a WHERE clause, for read_jobs().
inline const std::string kSelectJob =
    "SELECT id, kind, state, reason, options, idempotency_key, created, started, ended, result, "
    "runner, cancel_requested FROM jobs ";
std::vector<Job> read_jobs(SQLite::Statement& select);

// Returns the event's number. REQUIRES: a write transaction, so that the numbers have no gaps.
std::int64_t insert_event(SQLite::Database& database, std::int64_t job, std::int64_t now,
                          const std::string& event);

std::int64_t sql_now();

}  // namespace fovea::server
