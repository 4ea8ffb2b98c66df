#include "server/jobs/jobs.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/events/hub.h"
#include "server/jobs/child_process.h"
#include "server/jobs/job_protocol.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
constexpr int kMaxQueued = 20;
constexpr int kMaxStored = 20'000;           // events stored per run
constexpr std::size_t kMaxEvent = 64 << 10;  // bytes
constexpr std::chrono::milliseconds kProgressInterval{500};
constexpr std::chrono::seconds kRetryInterval{1};  // after a database error

std::string state_event(JobState state, const std::string& reason) {
  Json event = {{"event", "state"}, {"state", to_string(state)}};
  if (!reason.empty()) event["reason"] = reason;
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Jobs::Jobs(JobsOptions options, JobStore& store, Hub& hub, std::unique_ptr<JobHandler> handler)
    : options_(std::move(options)),
      store_(store),
      hub_(hub),
      handler_(std::move(handler)),
      feed_(std::make_shared<JobFeed>(store)) {
  mark_interrupted();
  runner_ = std::thread([this] { run_queue(); });
}

Jobs::~Jobs() {
  drain();
  runner_.join();
  feed_->close();
}

// Jobs still marked as running belong to a server process that no longer exists.
void Jobs::mark_interrupted() {
  for (const Job& job : store_.in_state(JobState::running)) {
    change(job.id, JobState::interrupted, "the server exited while the job was running");
  }
}

fs::path Jobs::folder(std::int64_t id) const {
  return options_.folder / std::to_string(id);
}

void Jobs::log(const std::string& line) const {
  if (options_.on_event) options_.on_event(line);
}

void Jobs::change(std::int64_t id, JobState state, const std::string& reason,
                  const std::string& result) {
  store_.change(id, state, reason, state_event(state, reason), result);
  feed_->stored(id);
  Json event = {{"id", id}, {"state", to_string(state)}};
  if (!reason.empty()) event["reason"] = reason;
  hub_.publish("job", event.dump(-1, ' ', false, Json::error_handler_t::replace));
  log(fmt::format("job {}: {}{}{}", id, to_string(state), reason.empty() ? "" : ": ", reason));
  if (options_.on_end && has_ended(state)) options_.on_end(find(id));
}

// REQUIRES mutex_.
void Jobs::check_conflicts(const std::string& kind) const {
  int unfinished = 0;
  for (const JobState state : {JobState::running, JobState::queued}) {
    for (const Job& job : store_.in_state(state)) {
      ++unfinished;
      if (kind != "evaluate" && job.kind == kind) {
        throw JobRefusal(409,
                         fmt::format("job {} ({}) is already {}; wait for it or cancel it", job.id,
                                     kind, to_string(state)),
                         job.id);
      }
    }
  }
  if (unfinished >= kMaxQueued) {
    throw JobRefusal(503, fmt::format("the job queue is full: {} jobs", unfinished));
  }
}

Jobs::Submitted Jobs::submit(const std::string& kind, const Json& options, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const std::string text = options.dump();
  if (!key.empty()) {
    if (const auto known = store_.find_key(key)) {
      if (known->kind == kind && known->options == text) return {*known, false};
      throw JobRefusal(
          422, fmt::format("this Idempotency-Key was already used for job {} with a different body",
                           known->id));
    }
  }
  if (stopping_) throw JobRefusal(503, "the server is shutting down");
  check_conflicts(kind);
  JobSpec spec = handler_->prepare(kind, options);
  const Job job = store_.create(kind, text, key);
  spec.kind = kind;
  spec.id = job.id;
  spec.threads = options_.threads;
  try {
    write_job(folder(job.id), spec);
  } catch (const std::exception& error) {
    change(job.id, JobState::failed, error.what());
    throw;
  }
  change(job.id, JobState::queued, "");
  changed_.notify_all();
  return {job, true};
}

Json Jobs::plan(const std::string& kind, const Json& options) {
  return handler_->plan(kind, options);
}

Job Jobs::find(std::int64_t id) const {
  auto job = store_.get(id);
  if (!job) throw JobRefusal(404, fmt::format("job {} does not exist", id));
  return *job;
}

Job Jobs::cancel(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  const Job job = find(id);
  if (running_ == id) {
    stop_request_ = StopRequest::cancel;
    if (child_) child_->stop();
  } else if (job.state == JobState::queued || job.state == JobState::interrupted) {
    change(id, JobState::canceled, "");
    remove_job_data(folder(id));
  } else if (job.state != JobState::canceled) {
    throw JobRefusal(409, fmt::format("job {} has already {}", id, to_string(job.state)));
  }
  return find(id);
}

Job Jobs::resume(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  const Job job = find(id);
  if (job.state != JobState::interrupted && job.state != JobState::failed) {
    throw JobRefusal(
        409, fmt::format("job {} is {}; only interrupted and failed jobs can be resumed", id,
                         to_string(job.state)));
  }
  if (stopping_) throw JobRefusal(503, "the server is shutting down");
  if (!has_job(folder(id))) {
    throw JobRefusal(409, fmt::format("the folder of job {} no longer exists", id));
  }
  check_conflicts(job.kind);
  change(id, JobState::queued, "");
  changed_.notify_all();
  return find(id);
}

bool Jobs::retraining() const {
  for (const JobState state : {JobState::running, JobState::queued}) {
    for (const Job& job : store_.in_state(state)) {
      if (job.kind == "retrain") return true;
    }
  }
  return false;
}

void Jobs::drain() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  if (running_ != 0 && stop_request_ == StopRequest::none) stop_request_ = StopRequest::shutdown;
  if (child_) child_->stop();
  changed_.notify_all();
}

// The runner thread: takes the oldest queued job and runs it to its end, until stopping_.
void Jobs::run_queue() {
  bool store_failed = false;
  while (true) {
    std::optional<Job> job;
    {
      std::unique_lock lock(mutex_);
      if (stopping_) return;
      try {
        auto queued = store_.in_state(JobState::queued);
        if (!queued.empty()) job = std::move(queued[0]);
        store_failed = false;
      } catch (const IoError& error) {
        if (!store_failed) log(error.what());  // once per outage
        store_failed = true;
      }
      if (!job) {
        // An empty queue waits for submit() or resume(); after a database error it also retries.
        store_failed ? static_cast<void>(changed_.wait_for(lock, kRetryInterval))
                     : changed_.wait(lock);
        continue;
      }
      running_ = job->id;
      stop_request_ = StopRequest::none;
    }
    run_job(*job);
    const std::lock_guard lock(mutex_);
    running_ = 0;
  }
}

void Jobs::run_job(const Job& job) {
  JobOutcome outcome{JobState::failed, "", ""};
  try {
    change(job.id, JobState::running, "");
    // A result exists if the worker succeeded but the server exited before it applied the result.
    outcome = has_result(folder(job.id)) ? finish(job) : run_worker(job);
  } catch (const std::exception& error) {
    outcome.reason = error.what();
  }
  feed_->progress(job.id, "");
  record_outcome(job.id, outcome);
  if (outcome.state == JobState::succeeded || outcome.state == JobState::canceled) {
    remove_job_data(folder(job.id));
  }
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
  if (end.signal == 0 && end.code == kJobSucceeded) return finish(job);
  if (request == StopRequest::shutdown) {
    return {JobState::interrupted, "the server was stopped", ""};
  }
  if (end.signal != 0) return {JobState::interrupted, describe(end), ""};
  if (end.code == kJobStopped) {
    return {JobState::interrupted,
            "the worker was stopped by a signal that the server did not send", ""};
  }
  return {JobState::failed, error.empty() ? describe(end) : error, ""};
}

Jobs::JobOutcome Jobs::finish(const Job& job) {
  const Json result = handler_->finish(job, folder(job.id), read_result(folder(job.id)));
  return {JobState::succeeded, "", result.dump(-1, ' ', false, Json::error_handler_t::replace)};
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
}

// Retries until the database accepts the outcome. Meanwhile the job is shown as running; if the
// server exits first it is marked interrupted, and resuming it ends in this outcome.
void Jobs::record_outcome(std::int64_t id, const JobOutcome& outcome) {
  for (bool logged = false;; logged = true) {
    try {
      change(id, outcome.state, outcome.reason, outcome.result);
      return;
    } catch (const IoError& error) {
      if (!logged) log(fmt::format("job {}: {}", id, error.what()));
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    changed_.wait_for(lock, kRetryInterval);
  }
}

}  // namespace fovea::server
