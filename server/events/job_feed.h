#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "server/http/message.h"
#include "server/store/job_store.h"

namespace fovea::server {

// Event streams of jobs: first the stored events, then new ones as they are stored. An event with
// an id is on disk before it is sent. Progress has no id and is not stored; only the latest is
// sent. A slow reader uses no memory, because events are read from the store as it consumes them.
// Any thread; streams may outlive the feed.
class JobFeed : public std::enable_shared_from_this<JobFeed> {
 public:
  explicit JobFeed(JobStore& store) : store_(&store) {}

  // Server-sent events of the job with a number above `after`, up to the one that ends the job.
  std::shared_ptr<BodyStream> follow(std::int64_t job, std::int64_t after);
  // Wakes the streams of the job after an event was stored.
  void stored(std::int64_t job);
  // Sets the latest progress, a JSON object on one line; empty: the job is not running.
  void progress(std::int64_t job, std::string text);
  std::string latest_progress(std::int64_t job);
  void end_streams();  // the present ones
  void close();        // ends all streams; the store is not used afterwards

 private:
  class Follower;
  struct Latest {
    std::uint64_t number = 0;
    std::string text;
  };

  std::vector<std::shared_ptr<Follower>> followers_of(std::int64_t job);
  void wake(std::int64_t job);

  // Lock order: a follower's mutex, store_mutex_, mutex_.
  std::shared_mutex store_mutex_;  // shared while the store is read; exclusive to close
  JobStore* store_;                // null: closed
  std::mutex mutex_;               // protects the next two
  std::map<std::int64_t, Latest> latest_;
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace fovea::server
