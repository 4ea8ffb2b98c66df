#include "server/jobs/jobs.h"

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/events/hub.h"
#include "server/jobs/child_process.h"
#include "server/jobs/job_protocol.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kMaxQueued = 20;
constexpr int kMaxStored = 20'000;  // events of one run
constexpr std::size_t kMaxEvent = 64 << 10;

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
  interrupt_left_over();
  runner_ = std::thread([this] { loop(); });
}

Jobs::~Jobs() {
  drain();
  runner_.join();
  feed_->close();
}

void Jobs::interrupt_left_over() {
  for (const Job& job : store_.in_state(JobState::running)) {
    change(job.id, JobState::interrupted, "the server was stopped or killed while the job ran");
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
  log("job " + std::to_string(id) + ": " + std::string(to_string(state)) +
      (reason.empty() ? "" : ": " + reason));
  if (options_.on_end && has_ended(state)) options_.on_end(find(id));
}

void Jobs::refuse_second(const std::string& kind) const {
  int queued = 0;
  for (const JobState state : {JobState::running, JobState::queued}) {
    for (const Job& job : store_.in_state(state)) {
      ++queued;
      if (kind != "evaluate" && job.kind == kind) {
        throw JobRefusal(409,
                         "job " + std::to_string(job.id) + " (" + kind + ") is " +
                             std::string(to_string(state)) + "; wait for it or cancel it",
                         job.id);
      }
    }
  }
  if (queued >= kMaxQueued) {
    throw JobRefusal(503, std::to_string(queued) + " jobs are waiting already");
  }
}

Jobs::Submitted Jobs::submit(const std::string& kind, const Json& options, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const std::string text = options.dump();
  if (!key.empty()) {
    if (const auto known = store_.find_key(key)) {
      if (known->kind == kind && known->options == text) return {*known, false};
      throw JobRefusal(422, "the Idempotency-Key was used for job " + std::to_string(known->id) +
                                ", which was asked for with another body");
    }
  }
  if (stopping_) throw JobRefusal(503, "the server is shutting down");
  refuse_second(kind);
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
  if (!job) throw JobRefusal(404, "there is no job " + std::to_string(id));
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
    throw JobRefusal(
        409, "job " + std::to_string(id) + " has already " + std::string(to_string(job.state)));
  }
  return find(id);
}

Job Jobs::resume(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  const Job job = find(id);
  if (job.state != JobState::interrupted && job.state != JobState::failed) {
    throw JobRefusal(409, "job " + std::to_string(id) + " is " + std::string(to_string(job.state)) +
                              "; only one that was interrupted or failed can be resumed");
  }
  if (stopping_) throw JobRefusal(503, "the server is shutting down");
  if (!has_job(folder(id))) {
    throw JobRefusal(409, "the folder of job " + std::to_string(id) + " is gone");
  }
  refuse_second(job.kind);
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

void Jobs::loop() {
  bool complained = false;
  while (true) {
    std::optional<Job> job;
    {
      std::unique_lock lock(mutex_);
      if (stopping_) return;
      try {
        auto queued = store_.in_state(JobState::queued);
        if (!queued.empty()) job = std::move(queued[0]);
        complained = false;
      } catch (const IoError& error) {
        if (!complained) log(error.what());
        complained = true;
      }
      if (!job) {
        // A disk that refused may come back by itself; whoever adds a job says so.
        complained ? static_cast<void>(changed_.wait_for(lock, std::chrono::seconds(1)))
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
  Outcome outcome{JobState::failed, "", ""};
  try {
    change(job.id, JobState::running, "");
    // The child was done, but the server was stopped before it took over the result.
    outcome = has_result(folder(job.id)) ? finish(job) : run_child(job);
  } catch (const std::exception& error) {
    outcome.reason = error.what();
  }
  feed_->progress(job.id, "");
  settle(job.id, outcome);
  if (outcome.state == JobState::succeeded || outcome.state == JobState::canceled) {
    remove_job_data(folder(job.id));
  }
}

Jobs::Outcome Jobs::run_child(const Job& job) {
  if (!has_job(folder(job.id))) throw IoError("the folder of the job is gone");
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
    if (stop_request_ != StopRequest::none) child.stop();
  }
  std::string error;
  int stored = 0;
  const ChildEnd end =
      child.run([&](std::string_view line) { take_line(job.id, line, error, stored); });
  StopRequest request;
  {
    const std::lock_guard lock(mutex_);
    child_ = nullptr;
    request = stop_request_;
  }
  if (request == StopRequest::cancel) return {JobState::canceled, "", ""};
  if (end.signal == 0 && end.code == kJobSucceeded) return finish(job);
  if (request == StopRequest::shutdown)
    return {JobState::interrupted, "the server was stopped", ""};
  if (end.signal != 0) return {JobState::interrupted, describe(end), ""};
  if (end.code == kJobStopped) {
    return {JobState::interrupted, "stopped by a signal from outside, with a checkpoint", ""};
  }
  return {JobState::failed, error.empty() ? describe(end) : error, ""};
}

Jobs::Outcome Jobs::finish(const Job& job) {
  const Json result = handler_->finish(job, folder(job.id), read_result(folder(job.id)));
  return {JobState::succeeded, "", result.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

void Jobs::take_line(std::int64_t id, std::string_view line, std::string& error, int& stored) {
  const Json event = parse_event(line);
  if (event.is_discarded()) return;  // whatever a library printed
  const std::string name = event["event"];
  std::string text = event.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kMaxEvent) return;
  if (name == job_event::kProgress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_progress_ >= std::chrono::milliseconds(500)) {
      last_progress_ = now;
      hub_.publish("progress", R"({"id":)" + std::to_string(id) + R"(,"progress":)" + text + "}");
    }
    feed_->progress(id, std::move(text));
    return;
  }
  if (name == job_event::kError)
    error = event.value("reason", Json()).is_string() ? event["reason"] : Json(text);
  const bool kept = name == job_event::kStart || name == job_event::kEpoch ||
                    name == job_event::kCheckpoint || name == job_event::kError;
  if (!kept || ++stored > kMaxStored) return;
  try {
    store_.append(id, text);
  } catch (const IoError& trouble) {
    log("job " + std::to_string(id) + ": an event is lost: " + trouble.what());
    return;
  }
  feed_->stored(id);
}

void Jobs::settle(std::int64_t id, const Outcome& outcome) {
  for (bool complained = false;; complained = true) {
    try {
      change(id, outcome.state, outcome.reason, outcome.result);
      return;
    } catch (const IoError& error) {
      if (!complained) log("job " + std::to_string(id) + ": " + error.what());
    }
    // Until the disk takes it again the job is shown as running; after a restart as interrupted,
    // and resumed it ends as it should have.
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    changed_.wait_for(lock, std::chrono::seconds(1));
  }
}

}  // namespace fovea::server
