#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "server/events/job_feed.h"
#include "server/jobs/job_handler.h"
#include "server/jobs/job_turns.h"
#include "server/store/job_store.h"

namespace fovea::server {

class ChildProcess;
class Hub;
class Store;

struct JobsOptions {
  std::filesystem::path folder;      // contains one folder per job, named by its id
  std::vector<std::string> command;  // worker program and arguments; the job's folder is appended
  int threads = 1;                   // of a worker
  bool idle = true;                  // see ChildOptions
  std::chrono::milliseconds grace{10'000};
  bool run = true;  // false: accepts jobs, and other processes run them
  // Other processes share the store and the folder: the jobs of a process that died are continued
  // by another, and a job that is interrupted by the end of its process is queued again.
  bool shared = false;
  std::string runner = "server";  // name of this process, unique among those that share
  std::chrono::milliseconds heartbeat{5'000};  // also the interval of looking for stale jobs
  std::chrono::seconds stale_after{30};  // without a heartbeat, a job's process counts as dead
  std::string api = "/api/v1";           // where the paths of the project begin
  JobTurns* turns = nullptr;  // shared by the queues of the process; null: there are no others
  std::function<void(const std::string&)> on_event;  // log lines; any thread
  std::function<void(const Job&)> on_end;            // a run has ended; any thread
};

// The job queue: runs jobs in worker processes, one at a time, in order of submission.
// States: queued -> running -> succeeded, failed, canceled or interrupted. Failed and interrupted
// jobs can be resumed. When the only server starts, a job that was running is marked interrupted
// and queued jobs are run. Any thread. Throws IoError when the database fails.
// Implemented in jobs.cpp, job_runner.cpp (the thread that runs jobs) and job_json.cpp (show() and
// show_short()).
class Jobs {
 public:
  Jobs(JobsOptions options, Store& store, Hub& hub, std::unique_ptr<JobHandler> handler);
  ~Jobs();  // drains and waits for the worker

  struct Submitted {
    Job job;
    bool created = true;  // false: an earlier request with this key created the job
  };
  // kind: retrain, evaluate or import. `options` is an object, checked by prepare(). `key` is the
  // idempotency key; empty: none. At most one retrain and one import job may be queued or running:
  // JobRefusal 409.
  Submitted submit(const std::string& kind, const nlohmann::ordered_json& options,
                   const std::string& key);
  nlohmann::ordered_json plan(const std::string& kind, const nlohmann::ordered_json& options);
  Job cancel(std::int64_t id);  // returns without waiting for the worker of a running job
  Job resume(std::int64_t id);
  Job find(std::int64_t id) const;  // JobRefusal 404

  // The job as JSON: state, progress, history of epochs, result. show_short() omits the last three.
  nlohmann::ordered_json show(const Job& job) const;
  nlohmann::ordered_json show_short(const Job& job) const;
  // Server-sent events of the job with a number greater than `after`.
  std::shared_ptr<BodyStream> follow(std::int64_t id, std::int64_t after) {
    return feed_->follow(id, after);
  }
  void end_streams() { feed_->end_streams(); }  // the present ones
  bool busy() const;                            // whether a job is queued or running
  bool retraining() const;                      // whether a retrain job is queued or running
  // Stops the running worker, which writes a checkpoint, and starts no other job. Does not wait.
  void drain();

  // What another process of the fleet did: it changed or queued the job, published the progress of
  // a job that it runs, or requested that a job be canceled. `job` 0: unknown.
  void changed_elsewhere(std::int64_t job);
  void progressed_elsewhere(std::int64_t job, const std::string& progress);
  void cancel_requested_elsewhere();

 private:
  enum class StopRequest { none, cancel, shutdown, lost };  // lost: another process took the job
  struct JobOutcome {
    JobState state;
    std::string reason;
    std::string result;
  };

  std::filesystem::path folder(std::int64_t id) const;
  void mark_interrupted();
  void check_conflicts(const std::string& kind) const;
  void request_stop(StopRequest request);
  void run_queue();
  bool job_waits();
  void send_heartbeats();
  void run_job(const Job& job);
  JobOutcome run_worker(const Job& job);
  JobOutcome finish(const Job& job);
  void handle_line(std::int64_t id, std::string_view line, std::string& error, int& stored);
  void change(std::int64_t id, JobState state, const std::string& reason);
  void announce(std::int64_t id, JobState state, const std::string& reason);
  bool record_outcome(std::int64_t id, const JobOutcome& outcome);
  void log(const std::string& line) const;

  const JobsOptions options_;
  Store& shared_store_;
  JobStore& store_;
  Hub& hub_;
  const std::unique_ptr<JobHandler> handler_;
  const std::shared_ptr<JobFeed> feed_;
  // Protects the members below. Held by submit(), cancel() and resume() while they access the
  // store, so that state transitions do not interleave.
  mutable std::mutex mutex_;
  std::condition_variable changed_;               // a job was queued, or stopping_
  std::condition_variable heartbeat_due_;         // running_ or stopping_ changed, or a cancel
  std::int64_t running_ = 0;                      // id of the running job; 0: none
  StopRequest stop_request_ = StopRequest::none;  // for the running job
  ChildProcess* child_ = nullptr;                 // its worker
  bool stopping_ = false;
  std::stop_source stop_turns_;                          // stopping_, for a wait for options_.turns
  std::chrono::steady_clock::time_point last_progress_;  // published to the hub; runner_ only
  // Starts all workers; must outlive them, because the kernel kills a child when the thread that
  // started it ends.
  std::thread runner_;
  std::thread heart_;  // sends heartbeats while a job runs; only if options_.shared
};

// The event that is stored for a change of the state.
std::string state_event(JobState state, const std::string& reason);

}  // namespace fovea::server
