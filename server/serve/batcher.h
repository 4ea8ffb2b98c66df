#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "server/serve/served_model.h"

namespace fovea::server {

struct Timing {        // milliseconds
  double decode = 0;   // picture bytes to network input
  double queue = 0;    // from submit() until an inference thread took the picture
  double compute = 0;  // the network, for the whole micro-batch the picture was part of
};

struct Prediction {
  enum class Status {
    ok,
    bad_picture,  // `error` says what is wrong with the bytes
    late,         // the deadline had passed before its turn
    failed,       // our fault; `error` is for the log
  };
  Status status = Status::ok;
  std::vector<Scalar> probabilities;
  std::string error;
  Timing timing;
};

// The pictures of one request. The model is pinned here: a later swap does not touch it.
struct Work {
  std::shared_ptr<const ServedModel> model;
  std::shared_ptr<const void> owner;  // keeps the bytes alive
  std::vector<std::span<const std::uint8_t>> pictures;
  std::chrono::steady_clock::time_point deadline;
  std::function<void(Work&)> done;  // called once, on an inference thread, when all are settled

  std::vector<Prediction> predictions;  // one per picture, in order; filled by the Batcher
  std::chrono::steady_clock::time_point queued;
  std::atomic<std::size_t> unsettled{0};
};

// A bounded queue of pictures and the threads that decode and classify them. A free thread takes
// its share of what is waiting, at most kMicroBatch pictures of one model, and never waits for
// more. Thread contract: submit() from any thread.
class Batcher {
 public:
  static constexpr std::size_t kMicroBatch = 32;

  Batcher(int threads, std::size_t max_queue);
  ~Batcher();  // finishes the micro-batches in progress; what still waits is dropped, without
               // done()

  // False, and nothing is queued, when there is no room for all its pictures. An idle queue
  // takes any number. REQUIRES: at least one picture.
  bool submit(std::shared_ptr<Work> work);

  std::size_t waiting() const;
  std::uint64_t batches() const { return batches_; }  // runs of the network so far

 private:
  struct Item {
    std::shared_ptr<Work> work;
    std::size_t index;
  };
  void run();
  bool take(std::vector<Item>& batch);

  const std::size_t max_queue_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::size_t idle_ = 0;  // threads that wait
  bool stopping_ = false;
  std::atomic<std::uint64_t> batches_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace fovea::server
