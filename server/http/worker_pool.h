#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

namespace boost::asio {
class thread_pool;
}

namespace fovea::server {

// Threads for work that may wait for a disk, so that the io threads never do. Any thread may post.
// A task must not throw.
class WorkerPool {
 public:
  using Task = std::function<void()>;

  WorkerPool(int threads, std::size_t max_queue);
  ~WorkerPool();  // finishes the tasks in progress and drops those that wait

  bool try_post(Task task);  // false, and nothing is queued, when max_queue tasks wait
  void post(Task task);      // for work that was already accepted: ignores max_queue

 private:
  void start(Task task);

  const std::size_t max_queue_;
  std::atomic<std::size_t> waiting_{0};
  const std::unique_ptr<boost::asio::thread_pool> threads_;
};

}  // namespace fovea::server
