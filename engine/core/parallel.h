#pragma once

#include <functional>

namespace fovea {

// The one place that knows OpenMP. WebAssembly has a ThreadTeam instead where it is built with
// threads; without either (ThreadSanitizer builds) everything runs on the calling thread, with the
// same results: no result may depend on the thread count.

// How many threads this process may use well: OMP_NUM_THREADS if set, else the smaller of the CPU
// affinity and the floor of the cgroup CPU quota (v1 or v2), at least 1. In WebAssembly: those that
// start_threads() started.
int available_threads();

// WebAssembly's threads, once, before the first loop and while the program has one thread; what is
// not built with them goes on with one.
void start_threads(int threads);

// Runs body(index, thread) for 0 <= index < count on `threads` threads; 0 <= thread < threads.
// Each index runs exactly once, on any thread, in any order. The first exception thrown is
// rethrown here after all threads have stopped.
void parallel_for(int count, int threads, const std::function<void(int index, int thread)>& body);

}  // namespace fovea
