#include "server/serve/recorder.h"

#include <exception>
#include <iterator>

#include <fmt/core.h>

namespace fovea::server {
namespace {

constexpr std::size_t kMaxWaiting = 4096;  // predictions, which keep their images in memory
constexpr std::chrono::seconds kReportInterval{10};

}  // namespace

Recorder::Recorder(PredictionStore& store, std::function<void(const std::string&)> on_error)
    : store_(store),
      on_error_(std::move(on_error)),
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
      filled_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      entries.swap(waiting_);
      waiting_predictions_ = 0;
    }
    emptied_.notify_all();
    write(entries);
    entries.clear();
  }
}

void Recorder::write(std::vector<Entry>& entries) {
  std::vector<NewPrediction> all;
  for (Entry& entry : entries) {
    std::move(entry.predictions.begin(), entry.predictions.end(), std::back_inserter(all));
  }
  bool recorded = true;
  try {
    store_.append(all);
    ++commits_;
  } catch (const std::exception& error) {
    recorded = false;
    report(error.what(), all.size());
  }
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

void Recorder::report(const std::string& error, std::size_t count) {
  unrecorded_ += count;
  const auto now = std::chrono::steady_clock::now();
  if (!on_error_ || now - last_report_ < kReportInterval) return;
  last_report_ = now;
  on_error_(fmt::format("cannot write the history; {} predictions are not recorded so far: {}",
                        unrecorded_.load(), error));
}

}  // namespace fovea::server
