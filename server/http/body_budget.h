#pragma once

#include <atomic>
#include <cstdint>

namespace fovea::server {

// The memory that request bodies may take, for all connections together. Any thread.
class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes) : left_(bytes) {}

  // The part of the budget that one body holds. Its destructor gives it back.
  class Share {
   public:
    explicit Share(BodyBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { release(); }

    bool grow_to(std::uint64_t bytes);  // false, and nothing changes, if the budget is too small
    void release() {
      budget_.left_ += held_;
      held_ = 0;
    }

   private:
    BodyBudget& budget_;
    std::uint64_t held_ = 0;
  };

 private:
  std::atomic<std::uint64_t> left_;
};

inline bool BodyBudget::Share::grow_to(std::uint64_t bytes) {
  if (bytes <= held_) return true;
  const std::uint64_t more = bytes - held_;
  std::uint64_t left = budget_.left_;
  do {
    if (more > left) return false;
  } while (!budget_.left_.compare_exchange_weak(left, left - more));
  held_ = bytes;
  return true;
}

}  // namespace fovea::server
