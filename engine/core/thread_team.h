#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fovea {

// Threads that are started once and share out the indices of one parallel loop after another: what
// parallel_for runs on where there are threads but no OpenMP, which is WebAssembly. There they must
// exist before the first loop, since a browser starts none for a Worker that waits.
class ThreadTeam {
 public:
  using Body = std::function<void(int index, int thread)>;

  // The caller of run() is one of them. Fewer than wanted where the system gives no more.
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return static_cast<int>(others_.size()) + 1; }
  // As parallel_for. A loop inside a loop, or beside one, runs on its calling thread alone.
  void run(int count, int threads, const Body& body);

 private:
  void serve(int thread);
  void work(int thread);

  std::vector<std::thread> others_;
  std::atomic<bool> busy_{false};

  std::mutex mutex_;
  std::condition_variable begin_, end_;
  // Under the mutex.
  std::uint64_t loop_ = 0;  // how many there have been
  int helpers_ = 0;         // threads besides the caller that this loop wants
  int working_ = 0;         // of those, how many have not finished
  std::exception_ptr error_;
  bool stop_ = false;

  // Of the loop: written before it begins, read by those who work on it.
  const Body* body_ = nullptr;
  int count_ = 0;
  std::atomic<int> next_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace fovea
