#include "server/jobs/job_turns.h"

namespace fovea::server {

JobTurns::Turn JobTurns::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::uint64_t number = next_++;
  waiting_.push_back(number);
  const bool mine =
      changed_.wait(lock, stop, [&] { return !running_ && waiting_.front() == number; });
  std::erase(waiting_, number);
  if (mine) {
    running_ = true;
    return Turn(this);
  }
  changed_.notify_all();  // another queue may be first now
  return {};
}

void JobTurns::end() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  changed_.notify_all();
}

}  // namespace fovea::server
