#include "server/registry/watchdog.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

Json summary_json(const ServiceRecord::Summary& summary) {
  return {{"answers", summary.answers},
          {"failures", summary.failures},
          {"error_rate", summary.error_rate()},
          {"p99_ms", summary.p99_ms}};
}

}  // namespace

std::string find_fault(const ServiceRecord::Summary& before, const ServiceRecord::Summary& now,
                       const WatchdogOptions& options) {
  if (now.answers < options.min_answers) return {};
  char text[160];
  const double errors = now.error_rate();
  if (errors > options.error_floor && errors > options.error_factor * before.error_rate()) {
    std::snprintf(text, sizeof text, "%.1f %% of %llu images failed, %.1f %% before", 100 * errors,
                  static_cast<unsigned long long>(now.answers), 100 * before.error_rate());
    return text;
  }
  const bool known = before.answers >= options.min_answers && before.p99_ms > 0;
  if (known && now.p99_ms > options.p99_floor_ms &&
      now.p99_ms > options.p99_factor * before.p99_ms) {
    std::snprintf(text, sizeof text, "the p99 time of an image is %.1f ms, %.1f ms before",
                  now.p99_ms, before.p99_ms);
    return text;
  }
  return {};
}

Watchdog::Watchdog(Registry& registry, WatchdogOptions options)
    : registry_(registry), options_(std::move(options)) {
  if (options_.window.count() <= 0) return;
  registry_.on_swap = [this](const Swap& swap) { note(swap); };
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  registry_.on_swap = nullptr;
}

void Watchdog::note(const Swap& swap) {
  const std::lock_guard lock(mutex_);
  watch_.reset();
  if (!swap.before || swap.rollback) return;
  watch_ = Watch{swap.now, swap.before->number, swap.before->record.summary(), Clock::now()};
  changed_.notify_all();
}

void Watchdog::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<Watch> watch;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return watch_.has_value(); })) return;
      changed_.wait_for(lock, stop, options_.interval, [] { return false; });
      watch = watch_;
    }
    if (watch && !stop.stop_requested()) check(*watch);
  }
}

void Watchdog::check(const Watch& watch) {
  const ServiceRecord::Summary now = watch.model->record.summary();
  const std::string fault = find_fault(watch.before, now, options_);
  if (!fault.empty()) return roll_back(watch, fault);
  if (Clock::now() - watch.since >= options_.window && now.answers >= options_.min_answers) {
    forget(watch);
  }
}

void Watchdog::roll_back(const Watch& watch, const std::string& fault) {
  // Whatever comes of it: the same version is not judged twice.
  forget(watch);
  const Json numbers = {{"version", watch.model->number},
                        {"now", summary_json(watch.model->record.summary())},
                        {"previous", watch.previous},
                        {"before", summary_json(watch.before)},
                        {"error_factor", options_.error_factor},
                        {"p99_factor", options_.p99_factor}};
  try {
    registry_.rollback_from(watch.model->number, "watchdog", fault, numbers);
  } catch (const std::exception& error) {
    if (!options_.on_event) return;
    options_.on_event(version_title(watch.model->number) + " should be rolled back (" + fault +
                      ") and cannot: " + error.what());
  }
}

void Watchdog::forget(const Watch& watch) {
  const std::lock_guard lock(mutex_);
  if (watch_ && watch_->model == watch.model) watch_.reset();
}

}  // namespace fovea::server
