#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "server/serve/prediction_backlog.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

// Writes predictions to the history before their responses are sent. One thread writes all waiting
// predictions in one transaction: a commit syncs the disk, and under load many requests share it.
// If the history cannot be written, the responses are sent without ids. While the database is
// unavailable the predictions are kept in a PredictionBacklog and written later, in order. A
// prediction is written twice if the connection was lost during the commit that stored it.
class Recorder {
 public:
  // The ids of the predictions, in order; empty if they could not be written. Called on the
  // recorder's thread; must not throw.
  using Done = std::function<void(std::span<const std::int64_t> ids)>;

  Recorder(PredictionStore& store, std::function<void(const std::string&)> on_error,
           PredictionBacklog::Limits backlog = {});
  ~Recorder();  // writes the waiting predictions first

  // Any thread. Blocks while too many predictions are waiting, so that a slow disk slows down the
  // callers. `done` must keep the bytes of the images alive.
  void record(std::vector<NewPrediction> predictions, Done done);

  // Predictions that were not written and never will be.
  std::uint64_t unrecorded() const { return unrecorded_; }
  std::uint64_t commits() const { return commits_; }
  std::size_t waiting() const;  // predictions
  // Predictions that wait for the database to become available.
  std::size_t backlog() const { return backlog_size_; }

 private:
  struct Entry {
    std::vector<NewPrediction> predictions;
    Done done;
  };
  void run();
  void write(std::vector<Entry>& entries);
  bool write_backlog();
  bool append(std::span<NewPrediction> predictions);
  void keep(std::span<const NewPrediction> predictions, const std::string& error);
  void report(const std::string& error, std::size_t count);

  PredictionStore& store_;
  const std::function<void(const std::string&)> on_error_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable emptied_;
  std::vector<Entry> waiting_;
  std::size_t waiting_predictions_ = 0;
  bool stopping_ = false;
  std::atomic<std::uint64_t> unrecorded_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::size_t> backlog_size_{0};
  PredictionBacklog backlog_;                         // used by thread_
  std::chrono::steady_clock::time_point retry_time_;  // of the backlog; used by thread_
  std::chrono::steady_clock::time_point last_report_;
  std::jthread thread_;  // last: it uses the other members
};

}  // namespace fovea::server
