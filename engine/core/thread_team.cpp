#include "engine/core/thread_team.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace fovea {

ThreadTeam::ThreadTeam(int threads) {
  workers_.reserve(std::max(threads, 1) - 1);
  try {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { worker_loop(i); });
  } catch (const std::system_error&) {
    // Continue with the threads that could be started.
  }
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::run(int count, int threads, const Body& body) {
  threads = std::min({threads, count, size()});
  if (threads <= 1 || busy_.exchange(true)) {
    for (int i = 0; i < count; ++i) body(i, 0);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    body_ = &body;
    count_ = count;
    next_ = 0;
    failed_ = false;
    helpers_ = working_ = threads - 1;
    ++loop_;
  }
  start_.notify_all();
  run_indices(0);
  std::exception_ptr error;
  {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return working_ == 0; });
    error = std::exchange(error_, nullptr);
  }
  busy_ = false;
  if (error) std::rethrow_exception(error);
}

void ThreadTeam::worker_loop(int thread) {
  std::uint64_t seen = 0;  // number of the last loop that this worker has seen
  std::unique_lock lock(mutex_);
  for (;;) {
    start_.wait(lock, [&] { return stop_ || loop_ != seen; });
    if (stop_) return;
    seen = loop_;
    if (thread > helpers_) continue;  // not needed in this loop
    lock.unlock();
    run_indices(thread);
    lock.lock();
    if (--working_ == 0) finished_.notify_one();
  }
}

void ThreadTeam::run_indices(int thread) {
  while (!failed_) {
    const int index = next_++;
    if (index >= count_) return;
    try {
      (*body_)(index, thread);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      failed_ = true;
    }
  }
}

}  // namespace fovea
