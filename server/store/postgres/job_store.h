#pragma once

#include "server/store/job_store.h"
#include "server/store/postgres/database.h"

namespace fovea::server::postgres {

// Implemented in job_store.cpp, job_runners.cpp and evaluations.cpp. Times of jobs and events are
// those of the database's clock.
class PostgresJobStore : public JobStore {
 public:
  explicit PostgresJobStore(Database& database) : database_(database) {}

  Job create(const std::string& kind, const std::string& options, const std::string& key) override;
  std::optional<Job> get(std::int64_t id) override;
  std::optional<Job> find_key(const std::string& key) override;
  std::vector<Job> newest(int limit, std::int64_t before) override;
  std::vector<Job> in_state(JobState state) override;

  std::int64_t change(std::int64_t id, JobState state, const std::string& reason,
                      const std::string& event, const std::string& result) override;
  std::optional<std::int64_t> change_as(const std::string& runner, std::int64_t id, JobState state,
                                        const std::string& reason, const std::string& event,
                                        const std::string& result) override;
  std::int64_t append(std::int64_t id, const std::string& event) override;
  std::vector<JobEvent> events(std::int64_t id, std::int64_t after, int limit) override;

  std::optional<Job> claim(const std::string& runner, const std::string& event) override;
  Heartbeat heartbeat(std::int64_t id, const std::string& runner) override;
  bool request_cancel(std::int64_t id) override;
  std::vector<Job> release_stale(std::chrono::seconds older_than,
                                 const std::string& event) override;

  std::int64_t add_evaluation(const Evaluation& evaluation) override;
  std::optional<Evaluation> get_evaluation(std::int64_t id) override;
  std::vector<Evaluation> evaluations(int version, int limit) override;

 private:
  std::vector<Job> select(const std::string& condition, const Params& params);

  Database& database_;
};

// Columns of `jobs`, for read_jobs().
inline const std::string kJobColumns =
    "jobs.id, kind, state, reason, options, idempotency_key, created, started, ended, result, "
    "jobs.runner, cancel_requested";
std::vector<Job> read_jobs(const Result& rows);

// Appends the event to the job and returns its number; nullopt if there is no such job. Writers of
// one job wait for each other, so its numbers have no gaps and become visible in order.
std::optional<std::int64_t> insert_event(Connection& connection, std::int64_t job,
                                         const std::string& event);

// data.count of the document; 0 if it has none.
std::int64_t count_of_evaluation(const std::string& document);

}  // namespace fovea::server::postgres
