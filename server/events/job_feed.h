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

// The events of jobs for those who follow one: first what is on the disk, then what comes. An event
// with an id is on the disk before anybody sees it. Progress has no id: it is only ever the latest,
// and is forgotten. A slow reader costs nothing, it reads on from the disk. Any thread; streams may
// outlive it.
class JobFeed : public std::enable_shared_from_this<JobFeed> {
 public:
  explicit JobFeed(JobStore& store) : store_(&store) {}

  // Server-sent events of the job after that number, up to the event that it has ended.
  std::shared_ptr<BodyStream> follow(std::int64_t job, std::int64_t after);
  // An event of the job was stored.
  void stored(std::int64_t job);
  // The latest progress, a JSON object in one line; empty: none, the job does not run.
  void progress(std::int64_t job, std::string text);
  std::string latest_progress(std::int64_t job);
  void close();  // ends all streams; the store is not used any more

 private:
  class Follower;
  struct Latest {
    std::uint64_t number = 0;
    std::string text;
  };

  void wake(std::int64_t job);

  std::shared_mutex store_mutex_;  // held while the store is read
  JobStore* store_;                // null: closed
  std::mutex mutex_;
  std::map<std::int64_t, Latest> latest_;
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace fovea::server
