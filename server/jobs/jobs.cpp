#include "server/jobs/jobs.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/events/hub.h"
#include "server/jobs/child_process.h"
#include "server/jobs/job_protocol.h"
#include "server/store/store.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
constexpr int kMaxQueued = 20;

}  // namespace

std::string state_event(JobState state, const std::string& reason) {
  Json event = {{"event", "state"}, {"state", to_string(state)}};
  if (!reason.empty()) event["reason"] = reason;
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Jobs::Jobs(JobsOptions options, Store& store, Hub& hub, std::unique_ptr<JobHandler> handler)
    : options_(std::move(options)),
      shared_store_(store),
      store_(store.jobs()),
      hub_(hub),
      handler_(std::move(handler)),
      feed_(std::make_shared<JobFeed>(store.jobs())) {
  if (!options_.shared) mark_interrupted();
  if (!options_.run) return;
  runner_ = std::thread([this] { run_queue(); });
  if (options_.shared) heart_ = std::thread([this] { send_heartbeats(); });
}

Jobs::~Jobs() {
  drain();
  if (runner_.joinable()) runner_.join();
  if (heart_.joinable()) heart_.join();
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

void Jobs::change(std::int64_t id, JobState state, const std::string& reason) {
  store_.change(id, state, reason, state_event(state, reason));
  announce(id, state, reason);
}

// Informs the listeners of a change that is stored.
void Jobs::announce(std::int64_t id, JobState state, const std::string& reason) {
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
  const auto exclusive = shared_store_.lock_changes();
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
  if (running_ == id && !has_ended(job.state)) {
    request_stop(StopRequest::cancel);
  } else if (job.state == JobState::running && store_.request_cancel(id)) {
    shared_store_.notify("cancel", std::to_string(id));  // the process that runs it
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
  const auto exclusive = shared_store_.lock_changes();
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

bool Jobs::busy() const {
  return !store_.in_state(JobState::running).empty() || !store_.in_state(JobState::queued).empty();
}

void Jobs::drain() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stop_turns_.request_stop();
  if (running_ != 0) request_stop(StopRequest::shutdown);
  changed_.notify_all();
  heartbeat_due_.notify_all();
}

// Stops the worker of the running job. The first request counts. REQUIRES mutex_.
void Jobs::request_stop(StopRequest request) {
  if (stop_request_ == StopRequest::none) stop_request_ = request;
  if (child_) child_->stop();
}

void Jobs::changed_elsewhere(std::int64_t job) {
  if (job != 0) feed_->stored(job);
  changed_.notify_all();
}

void Jobs::progressed_elsewhere(std::int64_t job, const std::string& progress) {
  feed_->progress(job, progress);
}

void Jobs::cancel_requested_elsewhere() {
  heartbeat_due_.notify_all();
}

}  // namespace fovea::server
