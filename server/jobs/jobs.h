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

// What is asked of a job cannot be done; `status` is the HTTP one that fits: 404 no such job, 409
// not in this state, 422 options or key, 503 stopping, 507 memory or disk.
class JobRefusal : public std::runtime_error {
 public:
  JobRefusal(int code, const std::string& text, std::int64_t job = 0)
      : std::runtime_error(text), status(code), in_the_way(job) {}
  const int status;
  const std::int64_t in_the_way;  // the job that runs, with 409; 0: none
};

// What a kind of job needs of the service, and leaves to it. Called on any thread; prepare() and
// finish() one at a time.
class JobHandler {
 public:
  virtual ~JobHandler() = default;
  // What the job needs, without kind, id and threads. Throws JobRefusal 422 or 507.
  virtual JobSpec prepare(const std::string& kind, const nlohmann::ordered_json& options) = 0;
  // What such a job would do now, for people. Throws JobRefusal as prepare() does, but for what a
  // smaller job or a larger machine would mend: that is told.
  virtual nlohmann::ordered_json plan(const std::string& kind,
                                      const nlohmann::ordered_json& options) = 0;
  // Takes over what the child made and returns the job's result. May be asked again after a crash.
  // What it throws fails the job.
  virtual nlohmann::ordered_json finish(const Job& job, const std::filesystem::path& folder,
                                        const nlohmann::ordered_json& result) = 0;
};

struct JobsOptions {
  std::filesystem::path folder;      // of the jobs' folders
  std::vector<std::string> command;  // the program and its arguments; the job's folder comes last
  int threads = 1;
  bool idle = true;  // see ChildOptions
  std::chrono::milliseconds grace{10'000};
  std::function<void(const std::string&)> on_event;  // lines for the log; any thread
  std::function<void(const Job&)> on_end;            // a run has ended; any thread
};

// Long work in child processes, one at a time, in order. States: queued -> running -> succeeded,
// failed, canceled or interrupted; the last, and failed, can be resumed. A job that ran when the
// server died is interrupted when it starts again; one that waited runs. Any thread; IoError.
class Jobs {
 public:
  Jobs(JobsOptions options, JobStore& store, Hub& hub, std::unique_ptr<JobHandler> handler);
  ~Jobs();  // drains and waits for the child

  struct Submitted {
    Job job;
    bool created = true;  // false: the key was used before, for this very job
  };
  // kind: retrain, evaluate, import. `options` is an object that prepare() checks; `key` may be
  // empty. At most one retrain and one import at a time: 409.
  Submitted submit(const std::string& kind, const nlohmann::ordered_json& options,
                   const std::string& key);
  nlohmann::ordered_json plan(const std::string& kind, const nlohmann::ordered_json& options);
  Job cancel(std::int64_t id);  // of a running one it returns at once, still running
  Job resume(std::int64_t id);
  Job find(std::int64_t id) const;  // JobRefusal 404

  // All that is known: state, how far it is, history, result.
  nlohmann::ordered_json show(const Job& job) const;
  nlohmann::ordered_json show_short(const Job& job) const;
  std::shared_ptr<BodyStream> follow(std::int64_t id, std::int64_t after) {
    return feed_->follow(id, after);
  }
  bool retraining() const;
  // Asks the running child to stop with a checkpoint and starts no other; returns at once.
  void drain();

 private:
  enum class StopRequest { none, cancel, shutdown };
  struct Outcome {
    JobState state;
    std::string reason;
    std::string result;
  };

  std::filesystem::path folder(std::int64_t id) const;
  void interrupt_left_over();
  void refuse_second(const std::string& kind) const;
  void loop();
  void run_job(const Job& job);
  Outcome run_child(const Job& job);
  Outcome finish(const Job& job);
  void take_line(std::int64_t id, std::string_view line, std::string& error, int& stored);
  void change(std::int64_t id, JobState state, const std::string& reason,
              const std::string& result = {});
  void settle(std::int64_t id, const Outcome& outcome);
  void log(const std::string& line) const;

  const JobsOptions options_;
  JobStore& store_;
  Hub& hub_;
  const std::unique_ptr<JobHandler> handler_;
  const std::shared_ptr<JobFeed> feed_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t running_ = 0;
  StopRequest stop_request_ = StopRequest::none;
  ChildProcess* child_ = nullptr;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point last_progress_;  // published to the hub
  std::thread runner_;  // lives as long as any child: they are killed when it ends
};

}  // namespace fovea::server
