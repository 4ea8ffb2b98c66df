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
// queued and running are not; an interrupted job is, until somebody resumes it.
bool has_ended(JobState state);

struct Job {
  using Time = std::chrono::system_clock::time_point;
  std::int64_t id = 0;  // from 1, only grows
  std::string kind;     // retrain, evaluate, import
  JobState state = JobState::queued;
  std::string reason;           // why it failed or was interrupted, a sentence
  std::string options;          // a JSON object, as accepted
  std::string idempotency_key;  // the client's; empty: none
  Time created;
  std::optional<Time> started, ended;  // of the latest run
  std::string result;                  // a JSON object; empty before there is one
};

struct JobEvent {
  std::int64_t number = 0;  // from 1 without gaps, per job
  std::chrono::system_clock::time_point time;
  std::string event;  // a JSON object in one line
};

struct Evaluation {
  std::int64_t id = 0;
  int version = 0;
  std::int64_t job = 0;  // 0: it came with the model
  std::string data_revision;
  std::string split;
  std::chrono::system_clock::time_point created;
  std::int64_t count = 0;  // images; given here, as its document has it
  std::string evaluation;  // JSON, docs/evaluation.md; empty in lists
};

// Long work, what happened in it, and evaluations of versions. Nothing is ever taken out. What a
// call wrote is on the disk when it returns. Any thread; IoError.
class JobStore {
 public:
  virtual ~JobStore() = default;

  // A new queued job. `key` (may be empty) must not have been used: find_key() first, under the
  // caller's lock.
  virtual Job create(const std::string& kind, const std::string& options,
                     const std::string& key) = 0;
  virtual std::optional<Job> get(std::int64_t id) = 0;
  virtual std::optional<Job> find_key(const std::string& key) = 0;
  // The newest first: at most `limit` with an id below `before` (0 = from the newest).
  virtual std::vector<Job> newest(int limit, std::int64_t before = 0) = 0;
  // In the order they were made.
  virtual std::vector<Job> in_state(JobState state) = 0;

  // The state and the event that tells of it, both or neither; returns the event's number. Sets
  // `started` for running and `ended` for the states that end it; `result` unless empty.
  virtual std::int64_t change(std::int64_t id, JobState state, const std::string& reason,
                              const std::string& event, const std::string& result = {}) = 0;
  // Returns the event's number.
  virtual std::int64_t append(std::int64_t id, const std::string& event) = 0;
  // In order: at most `limit` with a number above `after`.
  virtual std::vector<JobEvent> events(std::int64_t id, std::int64_t after, int limit) = 0;

  virtual std::int64_t add_evaluation(const Evaluation& evaluation) = 0;  // id, created: given here
  virtual std::optional<Evaluation> get_evaluation(std::int64_t id) = 0;
  // Of one version, the newest first, without the documents.
  virtual std::vector<Evaluation> evaluations(int version, int limit) = 0;
};

}  // namespace fovea::server
