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

#include "server/store/prediction_store.h"

namespace fovea::server {

// Puts answers into the history before they go out. One thread writes what is waiting in one
// transaction: a commit costs a sync of the disk, and under load many answers share it. When the
// disk refuses, the answers go out all the same, said to be unrecorded.
class Recorder {
 public:
  // The ids given, in order; empty when nothing was recorded. On the recorder's thread; must not
  // throw.
  using Done = std::function<void(std::span<const std::int64_t> ids)>;

  Recorder(PredictionStore& store, std::function<void(const std::string&)> on_error);
  ~Recorder();  // writes what is waiting first

  // Any thread. Waits while too much is waiting: then the disk is the bottleneck, and whoever
  // calls must slow down to it. `done` keeps the images' bytes alive.
  void record(std::vector<NewPrediction> predictions, Done done);

  std::uint64_t unrecorded() const { return unrecorded_; }  // predictions that the disk refused
  std::uint64_t commits() const { return commits_; }
  std::size_t waiting() const;  // predictions

 private:
  struct Entry {
    std::vector<NewPrediction> predictions;
    Done done;
  };
  void run();
  void write(std::vector<Entry>& entries);
  void complain(const std::string& error, std::size_t count);

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
  std::chrono::steady_clock::time_point last_complaint_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace fovea::server
