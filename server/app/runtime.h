#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <mutex>
#include <utility>

#include "server/http/static_files.h"
#include "server/jobs/job_turns.h"
#include "server/serve/batcher.h"
#include "server/store/reserve.h"

namespace fovea::server {

class Projects;

// What the projects of a process share. Any thread may use all members.
struct Runtime {
  Runtime(StaticFiles page, int inference_threads, std::size_t max_queue,
          const std::filesystem::path& data_dir)
      : files(std::move(page)), batcher(inference_threads, max_queue), reserve(data_dir) {}

  const StaticFiles files;
  const std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  // For the uptime, which must not change with the clock.
  const std::chrono::steady_clock::time_point running_since = std::chrono::steady_clock::now();
  std::atomic<bool> draining{false};
  JobTurns job_turns;
  Batcher batcher;
  Reserve reserve;
  Projects* projects = nullptr;  // null: there is only the default project

  // Another process of the fleet has changed the projects, or may have.
  void projects_changed_elsewhere() {
    const std::lock_guard lock(mutex_);
    if (on_projects_changed_) on_projects_changed_();
  }
  // On return the previous function is not running. The function must not wait.
  void on_projects_changed(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    on_projects_changed_ = std::move(function);
  }

 private:
  std::mutex mutex_;
  std::function<void()> on_projects_changed_;
};

}  // namespace fovea::server
