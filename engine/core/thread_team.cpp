#include "engine/core/thread_team.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace fovea {

ThreadTeam::ThreadTeam(int threads) {
  others_.reserve(static_cast<std::size_t>(std::max(threads, 1) - 1));
  try {
    for (int i = 1; i < threads; ++i) others_.emplace_back([this, i] { serve(i); });
  } catch (const std::system_error&) {
    // size() tells how many there are.
  }
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  begin_.notify_all();
  for (std::thread& other : others_) other.join();
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
  begin_.notify_all();
  work(0);
  std::exception_ptr error;
  {
    std::unique_lock lock(mutex_);
    end_.wait(lock, [this] { return working_ == 0; });
    error = std::exchange(error_, nullptr);
  }
  busy_ = false;
  if (error) std::rethrow_exception(error);
}

// Who is not wanted waits for the next loop.
void ThreadTeam::serve(int thread) {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    begin_.wait(lock, [&] { return stop_ || loop_ != seen; });
    if (stop_) return;
    seen = loop_;
    if (thread > helpers_) continue;
    lock.unlock();
    work(thread);
    lock.lock();
    if (--working_ == 0) end_.notify_one();
  }
}

void ThreadTeam::work(int thread) {
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
