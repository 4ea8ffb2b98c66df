#include "server/store/postgres/pool.h"

#include <algorithm>

#include <fmt/format.h>

namespace fovea::server::postgres {

Pool::Pool(ConnectionUrl url, PoolOptions options)
    : url_(std::move(url)),
      options_(options),
      health_{false, std::chrono::system_clock::now(), ""} {}

std::unique_ptr<Connection> Pool::take_idle() {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (!connection->closed_by_server()) return connection;
  }
  return nullptr;
}

Pool::Lease Pool::acquire() {
  {
    std::unique_lock lock(mutex_);
    const bool free = freed_.wait_for(lock, options_.acquire,
                                      [this] { return in_use_ < options_.max_connections; });
    if (!free) {
      throw StoreUnavailable(fmt::format("{}: all {} connections were in use for {} s", url_.target,
                                         options_.max_connections,
                                         std::chrono::duration<double>(options_.acquire).count()));
    }
    ++in_use_;
    if (auto connection = take_idle()) return {*this, std::move(connection)};
    if (Clock::now() < next_attempt_) {
      --in_use_;
      freed_.notify_one();
      throw StoreUnavailable(health_.last_error);
    }
  }
  try {
    return {*this, connect()};
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

std::unique_ptr<Connection> Pool::connect() {
  try {
    auto connection = std::make_unique<Connection>(url_, options_.timeouts);
    report_available();
    const std::lock_guard lock(mutex_);
    delay_ = std::chrono::milliseconds(0);
    next_attempt_ = {};
    return connection;
  } catch (const StoreUnavailable& error) {
    report_lost(error.what());
    const std::lock_guard lock(mutex_);
    delay_ = std::clamp(delay_ * 2, options_.first_delay, options_.max_delay);
    const double jitter = std::uniform_real_distribution<double>(0.5, 1)(random_);
    next_attempt_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(delay_ * jitter);
    throw;
  }
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    // A connection with an open transaction, whose rollback failed, is closed.
    if (connection && connection->is_idle()) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

void Pool::discard_idle() {
  std::vector<std::unique_ptr<Connection>> closed;
  const std::lock_guard lock(mutex_);
  closed.swap(idle_);
}

void Pool::report_available() {
  const std::lock_guard lock(mutex_);
  if (health_.available) return;
  health_.available = true;
  health_.since = std::chrono::system_clock::now();
}

void Pool::report_lost(const std::string& error) {
  const std::lock_guard lock(mutex_);
  if (health_.available) health_.since = std::chrono::system_clock::now();
  health_.available = false;
  health_.last_error = error;
}

StoreHealth Pool::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

}  // namespace fovea::server::postgres
