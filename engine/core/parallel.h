#pragma once

#include <functional>

namespace fovea {

// Parallel loops: OpenMP natively, a ThreadTeam in WebAssembly built with threads. In a build
// without either, everything runs on the calling thread. No result may depend on the number of
// threads.

// How many threads this process should use: OMP_NUM_THREADS if set, else the smaller of the CPU
// affinity and the floor of the cgroup CPU quota (v1 or v2), at least 1. In WebAssembly: the
// threads that start_threads() started.
int available_threads();

// WebAssembly only: starts the threads, once, while the program is still single-threaded. Does
// nothing in other builds.
void start_threads(int threads);

// Runs body(index, thread) for 0 <= index < count on `threads` threads; 0 <= thread < threads.
// Each index runs exactly once, on any thread, in any order. After an exception no new index is
// started, and the first exception is rethrown here once all threads have stopped.
void parallel_for(int count, int threads, const std::function<void(int index, int thread)>& body);

// Runs body(part) once for each 0 <= part < parts, each on a separate thread. With OpenMP the
// same thread gets the same part in each loop, so that a part's data may stay in the cache of one
// core. Exceptions as above.
void parallel_parts(int parts, const std::function<void(int part)>& body);

}  // namespace fovea
