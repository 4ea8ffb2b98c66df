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

// Threads that are started once and run one parallel loop after another. parallel_for() uses them
// in WebAssembly, which has threads but no OpenMP. There the threads must exist before the first
// loop, because a browser does not start a thread while its Worker blocks.
//
// Locking: mutex_ protects the members listed under it and is never held while a body runs.
class ThreadTeam {
 public:
  using Body = std::function<void(int index, int thread)>;

  // `threads` includes the caller of run(). size() is smaller when the system refuses to start
  // more.
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }
  // As parallel_for. A loop that starts while another one runs, nested or from another thread, runs
  // on its calling thread alone.
  void run(int count, int threads, const Body& body);

 private:
  void worker_loop(int thread);
  void run_indices(int thread);

  std::vector<std::thread> workers_;
  std::atomic<bool> busy_{false};

  std::mutex mutex_;
  std::condition_variable start_, finished_;
  // Under the mutex.
  std::uint64_t loop_ = 0;  // number of loops started
  int helpers_ = 0;         // workers that take part in this loop
  int working_ = 0;         // those that have not finished yet
  std::exception_ptr error_;
  bool stop_ = false;

  // Of the current loop. Written before it starts, under the mutex; the workers read it afterwards.
  const Body* body_ = nullptr;
  int count_ = 0;
  std::atomic<int> next_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace fovea
