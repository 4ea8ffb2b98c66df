#include "server/events/job_feed.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "server/events/hub.h"

namespace fovea::server {
namespace {

constexpr int kPage = 256;  // events read per query

struct ParsedEvent {
  std::string name = "message";
  bool job_ended = false;
};

ParsedEvent parse_stored_event(const std::string& text) {
  ParsedEvent parsed;
  const auto event = nlohmann::json::parse(text, nullptr, false);
  if (!event.is_object()) return parsed;
  parsed.name = event.value("event", parsed.name);
  const std::string state = parsed.name == "state" ? event.value("state", "") : "";
  parsed.job_ended = !state.empty() && state != "queued" && state != "running";
  return parsed;
}

}  // namespace

class JobFeed::Follower : public BodyStream {
 public:
  Follower(std::shared_ptr<JobFeed> feed, std::int64_t job, std::int64_t after)
      : feed_(std::move(feed)), job_(job), last_(after) {}

  std::int64_t job() const { return job_; }
  bool waits_for_disk() const override { return true; }
  std::string heartbeat() const override { return ":\n\n"; }

  void next(Ready ready) override {
    std::string bytes;
    bool more = true;
    {
      const std::lock_guard lock(mutex_);
      more = collect(bytes);
      if (bytes.empty() && more) {
        ready_ = std::move(ready);
        return;
      }
    }
    ready(std::move(bytes), more);
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wake();
  }

  void wake() {
    Ready ready;
    std::string bytes;
    bool more = true;
    {
      const std::lock_guard lock(mutex_);
      if (!ready_) return;
      more = collect(bytes);
      if (bytes.empty() && more) return;
      ready = std::exchange(ready_, nullptr);
    }
    ready(std::move(bytes), more);
  }

 private:
  // Appends the events and the progress that were not sent yet. Returns false at the end of the
  // stream. REQUIRES mutex_.
  bool collect(std::string& bytes) {
    if (!started_) bytes = "retry: 2000\n\n";
    started_ = true;
    const std::shared_lock reading(feed_->store_mutex_);
    if (!feed_->store_ || ended_) return false;
    const auto events = feed_->store_->events(job_, last_, kPage);
    ParsedEvent parsed;
    for (const JobEvent& event : events) {
      parsed = parse_stored_event(event.event);
      bytes += sse_frame(std::to_string(event.number), parsed.name, event.event);
      last_ = event.number;
    }
    if (parsed.job_ended && events.size() < kPage) return false;
    const std::lock_guard lock(feed_->mutex_);
    const auto latest = feed_->latest_.find(job_);
    if (latest != feed_->latest_.end() && latest->second.number != progress_sent_) {
      progress_sent_ = latest->second.number;
      bytes += sse_frame("", "progress", latest->second.text);
    }
    return true;
  }

  const std::shared_ptr<JobFeed> feed_;
  const std::int64_t job_;
  std::mutex mutex_;
  std::int64_t last_;                // number of the last event sent
  std::uint64_t progress_sent_ = 0;  // number of the last progress sent
  bool started_ = false;
  bool ended_ = false;
  Ready ready_;
};

std::shared_ptr<BodyStream> JobFeed::follow(std::int64_t job, std::int64_t after) {
  auto follower = std::make_shared<Follower>(shared_from_this(), job, after);
  const std::lock_guard lock(mutex_);
  std::erase_if(followers_, [](const auto& weak) { return weak.expired(); });
  followers_.push_back(follower);
  return follower;
}

// `job` 0: all.
std::vector<std::shared_ptr<JobFeed::Follower>> JobFeed::followers_of(std::int64_t job) {
  std::vector<std::shared_ptr<Follower>> followers;
  const std::lock_guard lock(mutex_);
  for (const auto& weak : followers_) {
    auto follower = weak.lock();
    if (follower && (job == 0 || follower->job() == job)) followers.push_back(std::move(follower));
  }
  return followers;
}

void JobFeed::wake(std::int64_t job) {
  for (const auto& follower : followers_of(job)) follower->wake();
}

void JobFeed::end_streams() {
  for (const auto& follower : followers_of(0)) follower->end();
}

void JobFeed::stored(std::int64_t job) {
  wake(job);
}

void JobFeed::progress(std::int64_t job, std::string text) {
  {
    const std::lock_guard lock(mutex_);
    if (text.empty()) {
      latest_.erase(job);
      return;
    }
    Latest& latest = latest_[job];
    ++latest.number;
    latest.text = std::move(text);
  }
  wake(job);
}

std::string JobFeed::latest_progress(std::int64_t job) {
  const std::lock_guard lock(mutex_);
  const auto found = latest_.find(job);
  return found == latest_.end() ? std::string() : found->second.text;
}

void JobFeed::close() {
  {
    const std::unique_lock lock(store_mutex_);
    store_ = nullptr;
  }
  wake(0);
}

}  // namespace fovea::server
