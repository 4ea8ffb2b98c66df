#include "tools/fovea/heap.h"

#include <algorithm>

#include "engine/core/parallel.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace fovea::tools {

void limit_heap_growth([[maybe_unused]] HeapUse use) {
#ifdef __GLIBC__
  // Blocks of at least this size are mapped and return to the system when freed. By default glibc
  // raises the threshold to the largest block freed so far, after which large blocks stay in the
  // heap and the memory of one phase adds to that of the next. Smaller blocks are cheaper in the
  // heap: on two cores, requests cost as much as with the default.
  mallopt(M_MMAP_THRESHOLD, use == HeapUse::serving ? 1 << 20 : 256 << 10);
  // Each arena keeps its own free memory; the default limit is eight per core.
  mallopt(M_ARENA_MAX, use == HeapUse::serving ? std::max(2, available_threads() / 4) : 2);
#endif
}

void release_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace fovea::tools
