#pragma once

namespace fovea::tools {

// The settings of the glibc heap, which by default keeps much of the memory that was freed. No
// effect with other C libraries.

enum class HeapUse {
  serving,   // all threads allocate and free request bodies and decoded images of some MiB
  training,  // loading, training and saving follow each other; the peak of memory matters
};
// Call once, before the program starts threads.
void limit_heap_growth(HeapUse use);

// Returns freed memory to the system, after a phase that needed much of it.
void release_freed_memory();

}  // namespace fovea::tools
