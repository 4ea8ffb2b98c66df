#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/serve/predict_task.h"

namespace fovea::server {

// A bounded queue of images and the threads that decode and classify them. Each request has its own
// queue. A free thread takes one image of each request in turn: its share of the waiting images, at
// most kMicroBatch, all for one model. It does not wait for more images. So a single image waits
// for about one micro-batch, even beside a large request. Any thread may submit.
class Batcher {
 public:
  static constexpr std::size_t kMicroBatch = 32;

  Batcher(int threads, std::size_t max_queue);
  ~Batcher() { stop(); }

  // Queues the images of a task. `done` is called once, on an inference thread, when
  // task->predictions is complete. Returns false, and queues nothing, if the queue has no room for
  // all images. Half of the queue is for requests with one image, half for larger ones, so that
  // neither kind blocks the other. If no request of its kind waits, a request of any size is
  // accepted. REQUIRES: at least one image.
  bool submit(std::shared_ptr<PredictTask> task, std::function<void()> done);

  // Ends the threads: finishes the micro-batches in progress and drops waiting requests without
  // calling `done`. Nothing may be submitted afterwards.
  void stop();

  std::size_t waiting() const;                        // images
  std::uint64_t batches() const { return batches_; }  // runs of the network so far

 private:
  struct Request {
    std::shared_ptr<PredictTask> task;
    std::function<void()> done;
    std::chrono::steady_clock::time_point queued;
    std::atomic<std::size_t> unfinished;  // images
  };
  struct Item {  // one image
    std::shared_ptr<Request> request;
    std::size_t index;
  };
  struct Buffers;  // of one inference thread

  void run();
  bool take(std::vector<Item>& batch);
  void take_in_turn(std::vector<Item>& batch, std::size_t limit);
  static void prepare(const Item& item, Buffers& buffers);
  static void classify(const ServedModel& served, Buffers& buffers);
  std::size_t& waiting_of_kind(std::size_t count) { return count == 1 ? singles_ : batched_; }

  const std::size_t max_per_kind_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> requests_;  // the next image of each request, in the order of their turns
  std::size_t singles_ = 0;    // waiting images of requests with one image
  std::size_t batched_ = 0;    // and of larger requests
  std::size_t idle_ = 0;       // waiting threads
  bool stopping_ = false;
  std::atomic<std::uint64_t> batches_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace fovea::server
