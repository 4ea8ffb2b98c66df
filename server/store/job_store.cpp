#include "server/store/job_store.h"

#include <array>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

constexpr std::array<std::string_view, 6> kJobStates{"queued", "running",  "succeeded",
                                                     "failed", "canceled", "interrupted"};

}  // namespace

std::string_view to_string(JobState state) {
  return kJobStates[static_cast<std::size_t>(state)];
}

JobState read_job_state(std::string_view text) {
  for (std::size_t i = 0; i < kJobStates.size(); ++i) {
    if (kJobStates[i] == text) return static_cast<JobState>(i);
  }
  throw IoError("a job in the database has an unknown state: \"" + std::string(text) + "\"");
}

bool has_ended(JobState state) {
  return state != JobState::queued && state != JobState::running;
}

}  // namespace fovea::server
