#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <utility>

#include "engine/core/file.h"

namespace fovea::server {

// Disk space that is set aside for deletions, so that a full disk can be emptied: a file of 16 MiB
// in the data directory. Any thread.
class Reserve {
 public:
  static constexpr std::int64_t kBytes = 16 << 20;

  // Sets the space aside if the disk has it.
  explicit Reserve(const std::filesystem::path& folder) : file_(folder / "reserve") { fill(); }

  // Runs a deletion. If the disk is full, frees the space and runs it again; afterwards sets the
  // space aside again if the disk has it.
  template <class F>
  auto use(F&& f) {
    const std::lock_guard lock(mutex_);
    const Refill refill{*this};
    try {
      return f();
    } catch (const DiskFull&) {
      release();
      return std::forward<F>(f)();
    }
  }

 private:
  struct Refill {
    Reserve& reserve;
    ~Refill() { reserve.fill(); }
  };
  void fill() noexcept;
  void release() noexcept;

  const std::filesystem::path file_;
  std::mutex mutex_;
};

}  // namespace fovea::server
