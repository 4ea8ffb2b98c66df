#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

struct RepairReport {
  bool damaged = false;              // false: nothing was changed
  std::string source;                // the file whose entries were used: "index", "index.copy", or
                                     // empty if neither can be read; then the dataset has no images
  std::int64_t images = 0;           // in the dataset now
  std::vector<std::string> lost;     // file names of images whose pixels do not exist any more
  std::filesystem::path set_aside;   // folder with what was removed; empty: nothing was
  std::int64_t set_aside_bytes = 0;  // of pixels that no entry names
};

// Makes a damaged dataset usable: takes the newer of `index` and `index.copy` that can be read,
// drops the images without pixels, and moves what remains unnamed to `damaged-TIME/` in the folder.
// Deletes nothing. Waits at most `timeout` for a writer. Throws DatasetBusy, IoError, and
// FormatError for an index of another version.
RepairReport repair_dataset(const std::filesystem::path& folder, std::chrono::milliseconds timeout);

}  // namespace fovea
