#include "server/serve/recorder.h"

#include <exception>
#include <iterator>

#include <fmt/core.h>

#include "server/store/store.h"

namespace fovea::server {
namespace {

constexpr std::size_t kMaxWaiting = 4096;  // predictions, which keep their images in memory
constexpr std::chrono::seconds kReportInterval{10};
constexpr std::chrono::seconds kRetryInterval{1};  // while the database is unavailable

}  // namespace

Recorder::Recorder(PredictionStore& store, std::function<void(const std::string&)> on_error,
                   PredictionBacklog::Limits backlog)
    : store_(store),
      on_error_(std::move(on_error)),
      backlog_(backlog),
      last_report_(std::chrono::steady_clock::now() - kReportInterval),
      thread_([this] { run(); }) {}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  filled_.notify_one();
  thread_.join();
}

void Recorder::record(std::vector<NewPrediction> predictions, Done done) {
  {
    std::unique_lock lock(mutex_);
    emptied_.wait(lock, [this] { return waiting_predictions_ < kMaxWaiting; });
    waiting_predictions_ += predictions.size();
    waiting_.push_back({std::move(predictions), std::move(done)});
  }
  filled_.notify_one();
}

std::size_t Recorder::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_predictions_;
}

void Recorder::run() {
  std::vector<Entry> entries;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto due = [this] { return stopping_ || !waiting_.empty(); };
      if (backlog_.empty()) {
        filled_.wait(lock, due);
      } else {
        filled_.wait_until(lock, retry_time_, due);
      }
      if (waiting_.empty() && stopping_) break;
      entries.swap(waiting_);
      waiting_predictions_ = 0;
    }
    emptied_.notify_all();
    write(entries);
    entries.clear();
  }
  retry_time_ = {};  // the last attempt
  if (!write_backlog()) report("the server is stopping", backlog_.size());
}

void Recorder::write(std::vector<Entry>& entries) {
  std::vector<NewPrediction> all;
  for (Entry& entry : entries) {
    std::move(entry.predictions.begin(), entry.predictions.end(), std::back_inserter(all));
  }
  // New predictions are written after those of the backlog, so that the order is kept.
  const bool recorded = write_backlog() ? append(all) : (keep(all, ""), false);
  std::size_t at = 0;
  std::vector<std::int64_t> ids;
  for (Entry& entry : entries) {
    ids.clear();
    for (std::size_t i = 0; i < entry.predictions.size(); ++i) {
      if (recorded) ids.push_back(all[at].record.id);
      ++at;
    }
    entry.done(ids);
    entry.done = nullptr;  // releases the request
  }
}

// Writes the backlog if it is time to try. Returns whether it is empty now.
bool Recorder::write_backlog() {
  if (backlog_.empty()) return true;
  if (std::chrono::steady_clock::now() < retry_time_) return false;
  try {
    backlog_.write_to(store_);
  } catch (const StoreUnavailable&) {
    retry_time_ = std::chrono::steady_clock::now() + kRetryInterval;
  } catch (const std::exception& error) {
    // Not a matter of the connection: without a limit to the attempts it would block all others.
    report(error.what(), backlog_.size());
    backlog_.clear();
  }
  backlog_size_ = backlog_.size();
  return backlog_.empty();
}

bool Recorder::append(std::span<NewPrediction> predictions) {
  if (predictions.empty()) return true;
  try {
    store_.append(predictions);
    ++commits_;
    return true;
  } catch (const StoreUnavailable& error) {
    retry_time_ = std::chrono::steady_clock::now() + kRetryInterval;
    keep(predictions, error.what());
  } catch (const std::exception& error) {
    report(error.what(), predictions.size());
  }
  return false;
}

void Recorder::keep(std::span<const NewPrediction> predictions, const std::string& error) {
  std::size_t dropped = 0;
  for (const NewPrediction& prediction : predictions) dropped += backlog_.add(prediction) ? 0 : 1;
  backlog_size_ = backlog_.size();
  if (dropped > 0) {
    report("the database is unavailable and the backlog is full", dropped);
  } else if (!error.empty() && on_error_) {
    on_error_("the database is unavailable; predictions are written to the history later: " +
              error);
  }
}

void Recorder::report(const std::string& error, std::size_t count) {
  unrecorded_ += count;
  const auto now = std::chrono::steady_clock::now();
  if (!on_error_ || now - last_report_ < kReportInterval) return;
  last_report_ = now;
  on_error_(fmt::format("cannot write the history; {} predictions are not recorded so far: {}",
                        unrecorded_.load(), error));
}

}  // namespace fovea::server
