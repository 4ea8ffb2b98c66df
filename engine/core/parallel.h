#pragma once

#include <functional>

namespace fovea {

// The one place that knows OpenMP. Without it (WebAssembly, ThreadSanitizer builds) everything
// runs on the calling thread, with the same results: no result may depend on the thread count.

// How many threads this process may use well: OMP_NUM_THREADS if set, else the smaller of the CPU
// affinity and the floor of the cgroup CPU quota (v1 or v2), at least 1.
int available_threads();

// Runs body(index, thread) for 0 <= index < count on `threads` threads; 0 <= thread < threads.
// Each index runs exactly once, on any thread, in any order. The first exception thrown is
// rethrown here after all threads have stopped.
void parallel_for(int count, int threads, const std::function<void(int index, int thread)>& body);

}  // namespace fovea
