#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fovea::server {

// Threads for what may wait for a disk, so that the io threads never do. Thread contract: any
// thread may post. A task must not throw.
class WorkerPool {
 public:
  using Task = std::function<void()>;

  WorkerPool(int threads, std::size_t max_queue);
  ~WorkerPool();  // finishes the tasks in progress; what still waits is dropped

  bool try_post(Task task);  // false, and nothing is queued, when max_queue tasks wait
  void post(Task task);      // for work already accepted: takes a place beyond the limit if need be

 private:
  void run();

  const std::size_t max_queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace fovea::server
