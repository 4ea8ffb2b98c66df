#include "server/registry/watchdog.h"
#include "server/text/json.h"

#include <fmt/format.h>

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

Json summary_json(const ServiceRecord::Summary& summary) {
  return {{"answers", summary.images},
          {"failures", summary.failures},
          {"error_rate", summary.error_rate()},
          {"p99_ms", summary.p99_ms}};
}

}  // namespace

std::string find_regression(const ServiceRecord::Summary& before, const ServiceRecord::Summary& now,
                            const WatchdogOptions& options) {
  if (now.images < options.min_images) return {};
  const double errors = now.error_rate();
  if (errors > options.error_floor && errors > options.error_factor * before.error_rate()) {
    return fmt::format("{:.1f} % of {} images failed, compared with {:.1f} % before", 100 * errors,
                       now.images, 100 * before.error_rate());
  }
  const bool comparable = before.images >= options.min_images && before.p99_ms > 0;
  if (comparable && now.p99_ms > options.p99_floor_ms &&
      now.p99_ms > options.p99_factor * before.p99_ms) {
    return fmt::format(
        "the network's p99 CPU time per image is {:.1f} ms, compared with {:.1f} ms before",
        now.p99_ms, before.p99_ms);
  }
  return {};
}

Watchdog::Watchdog(Registry& registry, WatchdogOptions options)
    : registry_(registry), options_(std::move(options)) {
  if (options_.window.count() <= 0) return;
  registry_.on_swap = [this](const ModelSwap& swap) { start_watch(swap); };
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  registry_.on_swap = nullptr;
}

// Called by the registry for every change of the champion.
void Watchdog::start_watch(const ModelSwap& swap) {
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
  const std::string reason = find_regression(watch.before, now, options_);
  if (!reason.empty()) return roll_back(watch, reason);
  if (Clock::now() - watch.since >= options_.window && now.images >= options_.min_images) {
    end_watch(watch);
  }
}

void Watchdog::roll_back(const Watch& watch, const std::string& reason) {
  end_watch(watch);  // also if the rollback fails: it is tried once
  const Json numbers = {{"version", watch.model->number},
                        {"now", summary_json(watch.model->record.summary())},
                        {"previous", watch.previous},
                        {"before", summary_json(watch.before)},
                        {"error_factor", options_.error_factor},
                        {"p99_factor", options_.p99_factor}};
  try {
    registry_.rollback_from(watch.model->number, "watchdog", reason, numbers);
  } catch (const std::exception& error) {
    if (!options_.on_event) return;
    options_.on_event(fmt::format("cannot roll back {} ({}): {}",
                                  version_title(watch.model->number), reason, error.what()));
  }
}

void Watchdog::end_watch(const Watch& watch) {
  const std::lock_guard lock(mutex_);
  if (watch_ && watch_->model == watch.model) watch_.reset();
}

}  // namespace fovea::server
