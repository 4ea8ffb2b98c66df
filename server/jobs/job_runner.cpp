// Jobs: the thread that runs the queued jobs in worker processes.

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/events/hub.h"
#include "server/jobs/child_process.h"
#include "server/jobs/job_protocol.h"
#include "server/jobs/jobs.h"
#include "server/store/store.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr int kMaxStored = 20'000;           // events stored per run
constexpr std::size_t kMaxEvent = 64 << 10;  // bytes
constexpr std::chrono::milliseconds kProgressInterval{500};
constexpr std::chrono::seconds kRetryInterval{1};  // after a database error

}  // namespace

// The runner thread: takes the oldest queued job and runs it to its end, until stopping_.
void Jobs::run_queue() {
  bool store_failed = false;
  while (true) {
    std::optional<Job> job;
    std::optional<JobTurns::Turn> turn;
    {
      std::unique_lock lock(mutex_);
      if (stopping_) return;
      try {
        const bool waits = job_waits();
        if (waits && options_.turns) {
          lock.unlock();
          turn.emplace(options_.turns->wait(stop_turns_.get_token()));
          lock.lock();
          if (stopping_) return;
        }
        if (waits) job = store_.claim(options_.runner, state_event(JobState::running, ""));
        store_failed = false;
      } catch (const IoError& error) {
        if (!store_failed) log(error.what());  // once per outage
        store_failed = true;
      }
      if (!job) {
        turn.reset();
        // An empty queue waits for submit() or resume(); after a database error it also retries.
        if (store_failed) {
          changed_.wait_for(lock, kRetryInterval);
        } else if (options_.shared) {
          changed_.wait_for(lock, options_.heartbeat);
        } else {
          changed_.wait(lock);
        }
        continue;
      }
      running_ = job->id;
      stop_request_ = StopRequest::none;
    }
    heartbeat_due_.notify_all();
    run_job(*job);
    const std::lock_guard lock(mutex_);
    running_ = 0;
  }
}

// Whether a job is queued; first queues again those whose process died. REQUIRES mutex_.
bool Jobs::job_waits() {
  if (options_.shared) {
    // After an outage of the database all heartbeats are old: the processes need time to send one.
    const auto available = std::chrono::system_clock::now() - shared_store_.health().since;
    if (available > options_.stale_after) {
      const std::string reason = "the process that ran the job died";
      for (const Job& job :
           store_.release_stale(options_.stale_after, state_event(JobState::queued, reason))) {
        announce(job.id, JobState::queued, reason + ": " + job.runner);
      }
    }
  }
  return !store_.in_state(JobState::queued).empty();
}

// The heartbeat thread. A job that was given to another process is stopped here.
void Jobs::send_heartbeats() {
  std::unique_lock lock(mutex_);
  while (!stopping_ || running_ != 0) {
    if (running_ == 0) {
      heartbeat_due_.wait(lock);
      continue;
    }
    const std::int64_t id = running_;
    lock.unlock();
    std::optional<Heartbeat> heartbeat;  // nullopt: the database is unavailable
    try {
      heartbeat = store_.heartbeat(id, options_.runner);
    } catch (const IoError&) {
    }
    lock.lock();
    if (running_ != id) continue;
    if (heartbeat && !heartbeat->owned) request_stop(StopRequest::lost);
    if (heartbeat && heartbeat->cancel_requested) request_stop(StopRequest::cancel);
    heartbeat_due_.wait_for(lock, options_.heartbeat);
  }
}

void Jobs::run_job(const Job& job) {
  JobOutcome outcome{JobState::failed, "", ""};
  try {
    announce(job.id, JobState::running, "");
    // A result exists if the worker succeeded but the server exited before it applied the result.
    outcome = has_result(folder(job.id)) ? finish(job) : run_worker(job);
  } catch (const std::exception& error) {
    outcome.reason = error.what();
  }
  feed_->progress(job.id, "");
  const bool recorded = record_outcome(job.id, outcome);
  const bool done = outcome.state == JobState::succeeded || outcome.state == JobState::canceled;
  if (recorded && done) remove_job_data(folder(job.id));
}

Jobs::JobOutcome Jobs::run_worker(const Job& job) {
  if (!has_job(folder(job.id))) throw IoError("the folder of the job no longer exists");
  ChildOptions options;
  options.command = options_.command;
  options.command.push_back(folder(job.id).string());
  options.log = folder(job.id) / kLogFile;
  options.threads = options_.threads;
  options.idle = options_.idle;
  options.grace = options_.grace;
  ChildProcess child(options);
  {
    const std::lock_guard lock(mutex_);
    child_ = &child;
    if (stop_request_ != StopRequest::none) child.stop();  // requested before the worker started
  }
  std::string error;
  int stored = 0;
  const ChildEnd end =
      child.run([&](std::string_view line) { handle_line(job.id, line, error, stored); });
  StopRequest request;
  {
    const std::lock_guard lock(mutex_);
    child_ = nullptr;
    request = stop_request_;
  }
  if (request == StopRequest::cancel) return {JobState::canceled, "", ""};
  if (request == StopRequest::lost) throw IoError("another process has taken over the job");
  if (end.signal == 0 && end.code == kJobSucceeded) return finish(job);
  if (request == StopRequest::shutdown) {
    const JobState next = options_.shared ? JobState::queued : JobState::interrupted;
    return {next, "the server was stopped", ""};
  }
  if (end.signal != 0) return {JobState::interrupted, describe(end), ""};
  if (end.code == kJobStopped) {
    return {JobState::interrupted,
            "the worker was stopped by a signal that the server did not send", ""};
  }
  return {JobState::failed, error.empty() ? describe(end) : error, ""};
}

// Retries while the database is unavailable: finish() is idempotent.
Jobs::JobOutcome Jobs::finish(const Job& job) {
  while (true) {
    try {
      const Json result = handler_->finish(job, folder(job.id), read_result(folder(job.id)));
      return {JobState::succeeded, "", result.dump(-1, ' ', false, Json::error_handler_t::replace)};
    } catch (const StoreUnavailable& error) {
      log(fmt::format("job {}: {}", job.id, error.what()));
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return {JobState::queued, "the server was stopped", ""};
    changed_.wait_for(lock, kRetryInterval);
  }
}

// Progress is published and forgotten; other events are stored. The reason of an error event is
// written to `error`; `stored` counts the stored events.
void Jobs::handle_line(std::int64_t id, std::string_view line, std::string& error, int& stored) {
  const Json event = parse_event(line);
  if (event.is_discarded()) return;  // not an event, perhaps printed by a library
  const std::string name = event["event"];
  std::string text = event.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kMaxEvent) return;
  if (name == job_event::kProgress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_progress_ >= kProgressInterval) {
      last_progress_ = now;
      hub_.publish("progress", fmt::format(R"({{"id":{},"progress":{}}})", id, text));
    }
    feed_->progress(id, std::move(text));
    return;
  }
  if (name == job_event::kError) {
    error = event.value("reason", Json()).is_string() ? event["reason"] : Json(text);
  }
  const bool is_stored = name == job_event::kStart || name == job_event::kEpoch ||
                         name == job_event::kCheckpoint || name == job_event::kError;
  if (!is_stored || ++stored > kMaxStored) return;
  try {
    store_.append(id, text);
  } catch (const IoError& failure) {
    log(fmt::format("job {}: an event could not be stored: {}", id, failure.what()));
    return;
  }
  feed_->stored(id);
  try {
    shared_store_.notify("job_event", std::to_string(id));
  } catch (const IoError&) {  // other processes read the event with the next one
  }
}

// Retries until the database accepts the outcome; false if it never did. Meanwhile the job is shown
// as running; if the server exits first it is marked interrupted or taken over by another process,
// and continuing it ends in this outcome.
bool Jobs::record_outcome(std::int64_t id, const JobOutcome& outcome) {
  for (bool logged = false;; logged = true) {
    try {
      const auto number =
          store_.change_as(options_.runner, id, outcome.state, outcome.reason,
                           state_event(outcome.state, outcome.reason), outcome.result);
      if (number) {
        announce(id, outcome.state, outcome.reason);
      } else {
        log(fmt::format("job {}: another process has taken over the job", id));
      }
      return number.has_value();
    } catch (const IoError& error) {
      if (!logged) log(fmt::format("job {}: {}", id, error.what()));
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return false;
    changed_.wait_for(lock, kRetryInterval);
  }
}

}  // namespace fovea::server
