#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>

namespace fovea::server {

// Lets one job of the process run at a time. The queues of several projects get their turns in the
// order in which they asked; a queue asks again after each of its jobs, so no project waits for
// more than one job of each other project. Any thread.
class JobTurns {
 public:
  class Turn {  // lasts until the end of its scope
   public:
    Turn() = default;
    explicit Turn(JobTurns* turns) : turns_(turns) {}
    Turn(Turn&& other) noexcept : turns_(other.turns_) { other.turns_ = nullptr; }
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_) turns_->end();
    }
    explicit operator bool() const { return turns_ != nullptr; }

   private:
    JobTurns* turns_ = nullptr;
  };

  // Waits for a turn; returns none if `stop` is requested first.
  Turn wait(const std::stop_token& stop);

 private:
  void end();

  std::mutex mutex_;  // protects everything below
  std::condition_variable_any changed_;
  std::deque<std::uint64_t> waiting_;  // the next turn is that of the first
  std::uint64_t next_ = 0;
  bool running_ = false;
};

}  // namespace fovea::server
