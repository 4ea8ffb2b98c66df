#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "server/events/job_feed.h"
#include "server/jobs/job_protocol.h"
#include "server/store/job_store.h"

namespace fovea::server {

class ChildProcess;
class Hub;

// A request concerning a job cannot be fulfilled. `status` is the HTTP status of the response: 404
// no such job, 409 wrong state or another job is running, 422 invalid options or idempotency key,
// 503 shutting down or queue full, 507 not enough memory or disk space.
class JobRefusal : public std::runtime_error {
 public:
  JobRefusal(int code, const std::string& text, std::int64_t job = 0)
      : std::runtime_error(text), status(code), conflicting_job(job) {}
  const int status;
  const std::int64_t conflicting_job;  // with 409: the job that is queued or running; 0: none
};

// Prepares jobs and applies their results. Called on any thread; prepare() and finish() are
// serialised.
class JobHandler {
 public:
  virtual ~JobHandler() = default;
  // Checks the options and returns the job's specification without kind, id and threads. Throws
  // JobRefusal 422 or 507.
  virtual JobSpec prepare(const std::string& kind, const nlohmann::ordered_json& options) = 0;
  // A human-readable preview of what such a job would do now. Throws JobRefusal as prepare() does,
  // except for insufficient memory or disk space, which the preview reports.
  virtual nlohmann::ordered_json plan(const std::string& kind,
                                      const nlohmann::ordered_json& options) = 0;
  // Applies the worker's result (publishes a version, stores an evaluation) and returns the result
  // of the job. Idempotent: called again after a crash. An exception fails the job.
  virtual nlohmann::ordered_json finish(const Job& job, const std::filesystem::path& folder,
                                        const nlohmann::ordered_json& result) = 0;
};

struct JobsOptions {
  std::filesystem::path folder;      // contains one folder per job, named by its id
  std::vector<std::string> command;  // worker program and arguments; the job's folder is appended
  int threads = 1;                   // of a worker
  bool idle = true;                  // see ChildOptions
  std::chrono::milliseconds grace{10'000};
  std::function<void(const std::string&)> on_event;  // log lines; any thread
  std::function<void(const Job&)> on_end;            // a run has ended; any thread
};

// The job queue: runs jobs in worker processes, one at a time, in order of submission.
// States: queued -> running -> succeeded, failed, canceled or interrupted. Failed and interrupted
// jobs can be resumed. When the server starts, a job that was running is marked interrupted and
// queued jobs are run. Any thread. Throws IoError when the database fails.
// Implemented in jobs.cpp; show() and show_short() in job_json.cpp.
class Jobs {
 public:
  Jobs(JobsOptions options, JobStore& store, Hub& hub, std::unique_ptr<JobHandler> handler);
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
  bool retraining() const;  // whether a retrain job is queued or running
  // Stops the running worker, which writes a checkpoint, and starts no other job. Does not wait.
  void drain();

 private:
  enum class StopRequest { none, cancel, shutdown };
  struct JobOutcome {
    JobState state;
    std::string reason;
    std::string result;
  };

  std::filesystem::path folder(std::int64_t id) const;
  void mark_interrupted();
  void check_conflicts(const std::string& kind) const;
  void run_queue();
  void run_job(const Job& job);
  JobOutcome run_worker(const Job& job);
  JobOutcome finish(const Job& job);
  void handle_line(std::int64_t id, std::string_view line, std::string& error, int& stored);
  void change(std::int64_t id, JobState state, const std::string& reason,
              const std::string& result = {});
  void record_outcome(std::int64_t id, const JobOutcome& outcome);
  void log(const std::string& line) const;

  const JobsOptions options_;
  JobStore& store_;
  Hub& hub_;
  const std::unique_ptr<JobHandler> handler_;
  const std::shared_ptr<JobFeed> feed_;
  // Protects the members below. Held by submit(), cancel() and resume() while they access the
  // store, so that state transitions do not interleave.
  mutable std::mutex mutex_;
  std::condition_variable changed_;               // a job was queued, or stopping_
  std::int64_t running_ = 0;                      // id of the running job; 0: none
  StopRequest stop_request_ = StopRequest::none;  // for the running job
  ChildProcess* child_ = nullptr;                 // its worker
  bool stopping_ = false;
  std::chrono::steady_clock::time_point last_progress_;  // published to the hub; runner_ only
  // Starts all workers; must outlive them, because the kernel kills a child when the thread that
  // started it ends.
  std::thread runner_;
};

}  // namespace fovea::server
