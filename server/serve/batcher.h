#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "server/serve/predict_task.h"

namespace fovea::server {

// A bounded queue of images and the threads that decode and classify them. Each request has its own
// queue. A free thread takes one image of each request in turn: its share of the waiting images, at
// most kMicroBatch, all for one model. It does not wait for more images. So a single image waits
// for about one micro-batch, even beside a large request. Images of more than kSmallImage pixels,
// whose decoding takes longer than a micro-batch, have separate threads with a lower priority.
// Any thread may submit.
class Batcher {
 public:
  static constexpr std::size_t kMicroBatch = 32;
  static constexpr std::int64_t kSmallImage = 500'000;  // pixels

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
    std::size_t next = 0;                 // the first image that was never taken
    std::vector<std::size_t> returned{};  // images that were taken and given back
    bool in_queue = true;                 // requests_ has it, because images wait
    std::size_t count() const { return task->images.size(); }
    bool has_waiting() const { return !returned.empty() || next < count(); }
  };
  struct Item {  // one image
    std::shared_ptr<Request> request;
    std::size_t index;
  };
  struct Buffers;  // of one thread

  void run();
  void run_large();
  bool take(std::vector<Item>& batch);
  void take_in_turn(std::vector<Item>& batch, std::size_t limit);
  bool take_large(Item& item);
  void give_back(std::span<const Item> items);
  void give_to_large(Item item);
  static bool prepare(const Item& item, Buffers& buffers, bool any_size);
  static void classify(const ServedModel& served, Buffers& buffers);
  void finish(std::span<const Item> batch, Buffers& buffers);
  std::size_t& waiting_of_kind(std::size_t count) { return count == 1 ? singles_ : batched_; }

  const std::size_t max_per_kind_;
  mutable std::mutex mutex_;
  std::condition_variable changed_, large_changed_;
  // Those with waiting images, in the order of their turns.
  std::deque<std::shared_ptr<Request>> requests_;
  std::deque<Item> large_;            // images of more than kSmallImage pixels
  const void* last_large_ = nullptr;  // the request whose large image was taken last
  std::size_t singles_ = 0;           // waiting images of requests with one image
  std::size_t batched_ = 0;           // and of larger requests
  std::size_t idle_ = 0;              // waiting threads for small images
  bool stopping_ = false;
  std::atomic<std::uint64_t> batches_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace fovea::server
