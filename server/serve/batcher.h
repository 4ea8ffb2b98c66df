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
  double decode = 0;   // image bytes to network input
  double queue = 0;    // from submit() until an inference thread took the image
  double compute = 0;  // the network, for the whole micro-batch the image was part of
};

struct Prediction {
  enum class Status {
    ok,
    bad_image,  // `error` says what is wrong with the bytes
    late,       // the deadline had passed before its turn
    failed,     // our fault; `error` is for the log
  };
  Status status = Status::ok;
  std::vector<Scalar> probabilities;
  std::string error;
  Timing timing;
};

// The images of one request. The model is pinned here: a later swap does not touch it.
struct Work {
  std::shared_ptr<const ServedModel> model;
  std::shared_ptr<const void> owner;  // keeps the bytes alive
  std::vector<std::span<const std::uint8_t>> images;
  std::chrono::steady_clock::time_point deadline;
  std::function<void(Work&)> done;  // called once, on an inference thread, when all are settled

  std::vector<Prediction> predictions;  // one per image, in order; filled by the Batcher
  std::chrono::steady_clock::time_point queued;
  std::atomic<std::size_t> unsettled{0};
};

// A bounded queue of images and the threads that decode and classify them. Every request has a
// line of its own, and a free thread takes one image of each line in turn: its share of what is
// waiting, at most kMicroBatch images of one model; it never waits for more. So a single image
// waits for about one micro-batch, however many a batch beside it brought.
// Thread contract: submit() from any thread.
class Batcher {
 public:
  static constexpr std::size_t kMicroBatch = 32;

  Batcher(int threads, std::size_t max_queue);
  ~Batcher();  // finishes the micro-batches in progress; what still waits is dropped, without
               // done()

  // False, and nothing is queued, when there is no room for all its images. Half of the places
  // are for requests of a single image, half for batches, so that neither shuts the other out;
  // where none of its kind waits, a request is taken whatever its size.
  // REQUIRES: at least one image.
  bool submit(std::shared_ptr<Work> work);

  std::size_t waiting() const;
  std::uint64_t batches() const { return batches_; }  // runs of the network so far

 private:
  struct Item {
    std::shared_ptr<Work> work;
    std::size_t index;
  };
  struct Line {  // what is left of one request
    std::shared_ptr<Work> work;
    std::size_t next = 0;
  };
  void run();
  bool take(std::vector<Item>& batch);
  void take_in_turn(std::vector<Item>& batch, std::size_t most);
  std::size_t& waiting_of_kind(std::size_t count) { return count == 1 ? singles_ : batched_; }

  const std::size_t max_of_a_kind_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Line> lines_;   // the one whose turn is next first
  std::size_t singles_ = 0;  // images that wait and came alone
  std::size_t batched_ = 0;  // and those that did not
  std::size_t idle_ = 0;     // threads that wait
  bool stopping_ = false;
  std::atomic<std::uint64_t> batches_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace fovea::server
