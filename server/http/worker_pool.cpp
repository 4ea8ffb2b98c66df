#include "server/http/worker_pool.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace fovea::server {

WorkerPool::WorkerPool(int threads, std::size_t max_queue)
    : max_queue_(max_queue),
      threads_(std::make_unique<boost::asio::thread_pool>(static_cast<std::size_t>(threads))) {}

WorkerPool::~WorkerPool() {
  threads_->stop();
  threads_->join();
}

bool WorkerPool::try_post(Task task) {
  if (waiting_.fetch_add(1) >= max_queue_) {
    --waiting_;
    return false;
  }
  start(std::move(task));
  return true;
}

void WorkerPool::post(Task task) {
  ++waiting_;
  start(std::move(task));
}

void WorkerPool::start(Task task) {
  boost::asio::post(*threads_, [this, task = std::move(task)] {
    --waiting_;
    task();
  });
}

}  // namespace fovea::server
