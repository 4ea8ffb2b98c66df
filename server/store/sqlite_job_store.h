#pragma once

#include "server/store/database.h"
#include "server/store/job_store.h"

namespace fovea::server {

class SqliteJobStore : public JobStore {
 public:
  explicit SqliteJobStore(Database& database) : database_(database) {}

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

  // sqlite_job_runners.cpp
  std::optional<Job> claim(const std::string& runner, const std::string& event) override;
  Heartbeat heartbeat(std::int64_t id, const std::string& runner) override;
  bool request_cancel(std::int64_t id) override;
  std::vector<Job> release_stale(std::chrono::seconds older_than,
                                 const std::string& event) override;

  std::int64_t add_evaluation(const Evaluation& evaluation) override;
  std::optional<Evaluation> get_evaluation(std::int64_t id) override;
  std::vector<Evaluation> evaluations(int version, int limit) override;

 private:
  Database& database_;
};

}  // namespace fovea::server
