#include "server/http/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace fovea::server {

double RateLimit::level(const Bucket& bucket, Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(burst_, bucket.level + seconds * rate_);
}

bool RateLimit::take(const std::string& client, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMaxClients && !buckets_.contains(client)) {
    std::erase_if(buckets_, [&](const auto& each) { return level(each.second, now) >= burst_; });
    // So many active clients are a distributed attack: drop all buckets to bound the memory.
    if (buckets_.size() >= kMaxClients) buckets_.clear();
  }
  Bucket& bucket = buckets_.try_emplace(client, Bucket{burst_, now}).first->second;
  bucket = {level(bucket, now), now};
  if (bucket.level < 1) return false;
  bucket.level -= 1;
  return true;
}

int RateLimit::retry_after() const {
  return std::max(1, static_cast<int>(std::ceil(1 / rate_)));
}

}  // namespace fovea::server
