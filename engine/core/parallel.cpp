#include "engine/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>

#ifdef __linux__
#include <sched.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __EMSCRIPTEN_PTHREADS__
#include "engine/core/thread_team.h"
#endif

namespace fovea {
namespace {

#ifdef _OPENMP
// The CPU quota of this process's cgroup in whole CPUs, or 0 without a quota.
// v2: "cpu.max" holds "QUOTA PERIOD" or "max PERIOD"; v1: two files, a quota of -1 means none.
int cgroup_cpus() {
  double quota = 0, period = 0;
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string word;
  if (v2 >> word >> period) {
    if (word == "max") return 0;
    quota = std::atof(word.c_str());
  } else {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  if (quota <= 0 || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::floor(quota / period)));
}
#endif

#ifdef __EMSCRIPTEN_PTHREADS__
ThreadTeam* g_team = nullptr;  // never destroyed
#endif

}  // namespace

void start_threads([[maybe_unused]] int threads) {
#ifdef __EMSCRIPTEN_PTHREADS__
  if (g_team == nullptr && threads > 1) g_team = new ThreadTeam(threads);
#endif
}

int available_threads() {
#ifdef __EMSCRIPTEN_PTHREADS__
  return g_team == nullptr ? 1 : g_team->size();
#elif defined(_OPENMP)
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    const int wanted = std::atoi(text);
    if (wanted > 0) return wanted;
  }
  int threads = omp_get_num_procs();
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) threads = std::max(1, CPU_COUNT(&set));
#endif
  const int quota = cgroup_cpus();
  return quota > 0 ? std::min(threads, quota) : threads;
#else
  return 1;
#endif
}

#ifdef _OPENMP
namespace {

// The first exception of the iterations of a loop; the others do not start after it.
class LoopErrors {
 public:
  template <typename Work>
  void run(const Work& work) {
    if (failed_.load(std::memory_order_relaxed)) return;
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      failed_ = true;
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
  std::mutex mutex_;
  std::atomic<bool> failed_{false};
};

}  // namespace
#endif

void parallel_for(int count, int threads, const std::function<void(int index, int thread)>& body) {
#ifdef _OPENMP
  if (threads > 1 && count > 1) {
    LoopErrors errors;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int i = 0; i < count; ++i) {
      errors.run([&] { body(i, omp_get_thread_num()); });
    }
    return errors.rethrow();
  }
#elif defined(__EMSCRIPTEN_PTHREADS__)
  if (g_team != nullptr) return g_team->run(count, threads, body);
#endif
  (void)threads;
  for (int i = 0; i < count; ++i) body(i, 0);
}

void parallel_parts(int parts, const std::function<void(int part)>& body) {
#ifdef _OPENMP
  if (parts > 1) {
    LoopErrors errors;
#pragma omp parallel for schedule(static, 1) num_threads(parts)
    for (int i = 0; i < parts; ++i) {
      errors.run([&] { body(i); });
    }
    return errors.rethrow();
  }
#elif defined(__EMSCRIPTEN_PTHREADS__)
  if (g_team != nullptr) return g_team->run(parts, parts, [&](int part, int) { body(part); });
#endif
  for (int i = 0; i < parts; ++i) body(i);
}

}  // namespace fovea
