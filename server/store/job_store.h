#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

enum class JobState { queued, running, succeeded, failed, canceled, interrupted };

std::string_view to_string(JobState state);
JobState read_job_state(std::string_view text);  // IoError for an unknown state
// True for all states but queued and running. An interrupted or failed job may be resumed.
bool has_ended(JobState state);

struct Job {
  using Time = std::chrono::system_clock::time_point;
  std::int64_t id = 0;  // from 1, increasing
  std::string kind;     // retrain, evaluate, import
  JobState state = JobState::queued;
  std::string reason;           // why it failed or was interrupted
  std::string options;          // a JSON object, as accepted
  std::string idempotency_key;  // from the client; empty: none
  Time created;
  std::optional<Time> started, ended;  // of the latest run
  std::string result;                  // a JSON object; empty: none yet
  std::string runner;                  // the process that runs or ran it; empty: unknown
  bool cancel_requested = false;       // see request_cancel()
};

// What heartbeat() reports to the runner of a job.
struct Heartbeat {
  bool owned = false;             // the job is still running, and this runner runs it
  bool cancel_requested = false;  // false unless owned
};

struct JobEvent {
  std::int64_t number = 0;  // per job, from 1 without gaps
  std::chrono::system_clock::time_point time;
  std::string event;  // a JSON object on one line
};

struct Evaluation {
  std::int64_t id = 0;
  int version = 0;
  std::int64_t job = 0;  // 0: published with the model
  std::string data_revision;
  std::string split;
  std::chrono::system_clock::time_point created;
  std::int64_t count = 0;  // images; read from the document
  std::string evaluation;  // JSON, docs/evaluation.md; empty in lists
};

// Jobs, their events, and evaluations of versions. Nothing is ever removed. Changes are on disk
// when a call returns. Any thread; IoError.
class JobStore {
 public:
  virtual ~JobStore() = default;

  // Adds a queued job. REQUIRES: `key` is empty or unused (find_key(), under the caller's lock).
  virtual Job create(const std::string& kind, const std::string& options,
                     const std::string& key) = 0;
  virtual std::optional<Job> get(std::int64_t id) = 0;
  virtual std::optional<Job> find_key(const std::string& key) = 0;
  // The newest first: at most `limit` with an id below `before` (0: from the newest).
  virtual std::vector<Job> newest(int limit, std::int64_t before = 0) = 0;
  // In order of creation.
  virtual std::vector<Job> in_state(JobState state) = 0;

  // Sets the state and appends the event in one transaction; returns the event's number. Sets
  // `started` if the state is running, `ended` if has_ended(state), and `result` unless empty.
  virtual std::int64_t change(std::int64_t id, JobState state, const std::string& reason,
                              const std::string& event, const std::string& result = {}) = 0;
  // The same, but only if `runner` still runs the job; otherwise changes nothing and returns
  // nullopt.
  virtual std::optional<std::int64_t> change_as(const std::string& runner, std::int64_t id,
                                                JobState state, const std::string& reason,
                                                const std::string& event,
                                                const std::string& result = {}) = 0;
  // Returns the event's number.
  virtual std::int64_t append(std::int64_t id, const std::string& event) = 0;
  // In order: at most `limit` events with a number above `after`.
  virtual std::vector<JobEvent> events(std::int64_t id, std::int64_t after, int limit) = 0;

  // Several processes may run the jobs of one store. The store's clock decides when a heartbeat is
  // old, so the clocks of the processes may differ. Each of these calls is one transaction;
  // `event`, unless empty, is appended to each job that it changes.
  //
  // The oldest queued job becomes running with this runner; nullopt if no job is queued. Two
  // callers never get the same job.
  virtual std::optional<Job> claim(const std::string& runner, const std::string& event = {}) = 0;
  // Records that the runner is alive.
  virtual Heartbeat heartbeat(std::int64_t id, const std::string& runner) = 0;
  // Requests that the runner of a queued or running job stop it. The request stays until the job
  // has ended. False if there is no such job or it has ended.
  virtual bool request_cancel(std::int64_t id) = 0;
  // Running jobs whose last heartbeat (without one: start) is older become queued again. Returns
  // them, with the runner that they had.
  virtual std::vector<Job> release_stale(std::chrono::seconds older_than,
                                         const std::string& event = {}) = 0;

  // Returns the id; ignores the members id, created and count.
  virtual std::int64_t add_evaluation(const Evaluation& evaluation) = 0;
  virtual std::optional<Evaluation> get_evaluation(std::int64_t id) = 0;
  // Of one version, the newest first, without the documents.
  virtual std::vector<Evaluation> evaluations(int version, int limit) = 0;
};

}  // namespace fovea::server
