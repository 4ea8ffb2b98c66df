#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace fovea::server {

// A token bucket per client: `rate` requests per second on average, `burst` at once. Any thread.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxClients = 65536;  // then full buckets are removed

  RateLimit(double rate, double burst) : rate_(rate), burst_(burst) {}  // REQUIRES: rate > 0

  bool take(const std::string& client, Clock::time_point now = Clock::now());
  int retry_after() const;  // seconds until an empty bucket has one token again, at least 1

 private:
  struct Bucket {
    double level;
    Clock::time_point at;
  };
  double level(const Bucket& bucket, Clock::time_point now) const;

  const double rate_;
  const double burst_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace fovea::server
